import type { TakenIn } from '../arrival/take-in.ts'
import { scanWithClamAv } from '../spam/clamav.ts'
import type { Context } from '../settings.ts'

/** Gives the name of what was found; undefined: nothing, or nobody looks. */
export type Scanner = (taken: TakenIn) => Promise<string | undefined>

export function openScanner({ settings, log }: Context): Scanner {
  const { CLAMAV: where } = settings
  if (where === undefined) return async () => undefined
  return async (taken) => {
    const found = await scanWithClamAv(where.replace(/^unix:/, ''), taken.open())
    if (found === undefined) log.warn('ClamAV does not answer')
    return found?.virus
  }
}
