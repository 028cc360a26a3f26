/** What adapters share in handling events. */
import { prettifyError } from 'zod'
import { databaseFailure } from '#platform/database/pool.ts'
import type { Logger } from '#platform/log.ts'
import type { Subscription } from './bus.ts'

const defaultRetryDelaysMs = [1000, 2000, 4000]

/** Waits before the second, third, … try. */
export function retryDelaysMs(subscription: Subscription): readonly number[] {
  return subscription.retryDelaysMs ?? defaultRetryDelaysMs
}

/** `error`: why the payload is no payload of the subscription's event. */
export type Validated = { payload: unknown; error?: never } | { payload?: never; error: string }

export function validate({ event }: Subscription, payload: unknown): Validated {
  const parsed = event.schema.safeParse(payload)
  if (parsed.success) return { payload: parsed.data }
  return { error: `does not fit its schema: ${prettifyError(parsed.error)}` }
}

/** Ordering key; undefined for a payload that does not fit: such an event waits for nobody. */
export function orderingKey(subscription: Subscription, payload: unknown): string | undefined {
  const valid = validate(subscription, payload)
  return valid.error === undefined ? subscription.orderBy?.(valid.payload) : undefined
}

/** What a handler wants called once its transaction has committed. */
export type AfterCommit = void | (() => void)

/** Changes nothing when it fails: what it follows is committed. */
export function runAfterCommit(action: AfterCommit, log: Logger): void {
  try {
    action?.()
  } catch (error) {
    log.error({ err: error }, 'after-commit action failed')
  }
}

/** query_canceled, out_of_memory: one statement asked too much. */
const causedByStatement = new Set(['57014', '53200'])

/** True when the database is away, which is no fault of the event. */
export function isDatabaseAway(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return databaseFailure(error) !== undefined && !causedByStatement.has(code)
}

/** Tries of one event that may begin and not come to an end: it may be what ends the process each time. */
export const mostCutOffs = 10
export const cutOff = 'each try was cut off: the process ended, or lost its database'

export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
