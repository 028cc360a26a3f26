/** Sessions: an opaque token of 256 random bits, of which only the SHA-256 is kept. */
import { createHash, randomBytes } from 'node:crypto'
import { v7 } from 'uuid'
import type { CommandContext, ServiceContext } from '#platform/service.ts'
import { announceRevocations, revoke } from './revocations.ts'
import { insertRevocations } from './store/revocations.ts'
import { deleteExpiredSessions, deleteSessions, insertSession } from './store/sessions.ts'

export async function startSession(
  { tx, settings }: Pick<CommandContext, 'tx'> & { settings: { SESSION_IDLE_DAYS: number } },
  accountId: string,
): Promise<{ token: string; expiresAt: string }> {
  const token = randomBytes(32).toString('base64url')
  const tokenHash = createHash('sha256').update(token).digest()
  const expiresAt = await insertSession(tx, { id: v7(), accountId, tokenHash }, settings.SESSION_IDLE_DAYS)
  return { token, expiresAt }
}

/** Ends sessions of an account, `only` one or all `except` one, and gives how many there were. Call it last, as `revoke`. */
export async function endSessions(
  context: Parameters<typeof revoke>[0],
  accountId: string,
  which: { only?: string | undefined; except?: string | undefined } = {},
): Promise<number> {
  const ended = await deleteSessions(context.tx, accountId, which)
  await revoke(
    context,
    ended.map((sessionId) => ({ accountId, sessionId })),
  )
  return ended.length
}

/** In one transaction; nobody else revokes meanwhile. */
const mostAtOnce = 1_000

/** Those that nobody used for too long. */
export async function endExpiredSessions({
  db,
  signals,
}: Pick<ServiceContext, 'db' | 'signals'>): Promise<void> {
  let ended: number
  do {
    ended = await db.transaction().execute(async (tx) => {
      const expired = await deleteExpiredSessions(tx, mostAtOnce)
      await insertRevocations(tx, expired)
      return expired.length
    })
    announceRevocations(signals)
  } while (ended === mostAtOnce)
}
