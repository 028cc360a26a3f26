import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { standardError } from '#contracts/errors.ts'
import type { Database } from '#platform/database/database.ts'
import type { Identity } from '#platform/identity.ts'

/** How long an answer can be replayed. */
const idempotencyLifetimeHours = 24

export interface IdempotentRequest {
  identity: Identity
  /** `service.name` of the command. */
  call: string
  key: string
  /** Validated input. */
  input: unknown
}

/**
 * Runs the work once per key inside `tx`. The same key and input again gives the stored answer, another input
 * `idempotencyKeyReused`, a first one that still runs `idempotencyKeyInUse`.
 */
export async function onceInTransaction(
  tx: Database,
  request: IdempotentRequest,
  work: () => Promise<unknown>,
): Promise<unknown> {
  const caller = callerOf(request.identity)
  const row = { caller, call: request.call, key: request.key }
  const lock = await sql<{ isOurs: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${JSON.stringify(row)}, 0)) as "isOurs"`.execute(tx)
  if (!lock.rows[0]?.isOurs)
    throw standardError('idempotencyKeyInUse', 'A request with this Idempotency-Key is still running.', {
      retryAfterSeconds: 1,
    })
  const requestHash = createHash('sha256')
    .update(JSON.stringify(request.input) ?? '')
    .digest()
  const stored = await sql<{ request_hash: Buffer; answer: unknown }>`
    select request_hash, answer from idempotency_keys
    where caller = ${caller} and call = ${request.call} and key = ${request.key}`.execute(tx)
  const earlier = stored.rows[0]
  if (earlier) {
    if (earlier.request_hash.equals(requestHash)) return earlier.answer
    throw standardError('idempotencyKeyReused', 'This Idempotency-Key was used with another request.')
  }
  const answer = await work()
  await sql`
    insert into idempotency_keys (caller, call, key, request_hash, answer)
    values (${caller}, ${request.call}, ${request.key}, ${requestHash}, ${JSON.stringify(answer) ?? null}::jsonb)
  `.execute(tx)
  return answer
}

export async function forgetOldIdempotencyKeys(db: Database): Promise<void> {
  await sql`delete from idempotency_keys
    where created_at < now() - make_interval(hours => ${idempotencyLifetimeHours})`.execute(db)
}

function callerOf(identity: Identity): string {
  if (identity.kind === 'account') return `account:${identity.accountId}`
  return identity.kind === 'service' ? `service:${identity.name}` : 'anonymous'
}
