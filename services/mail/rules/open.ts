import type { Rules } from '../arrival/arrive.ts'
import type { Context } from '../settings.ts'

export function openRules(_context: Context): Rules & Disposable {
  return {
    actionsFor: async () => undefined,
    afterKept: async () => undefined,
    [Symbol.dispose]() {},
  }
}
