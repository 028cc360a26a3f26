/** Sessions as their owners see them, and as gateways ask for them. */
import { callerOf, type Calls } from '#services/identity/settings.ts'
import { useKey } from '#services/identity/store/keys.ts'
import { findAppSession, listSessions, useSession } from '#services/identity/store/sessions.ts'
import { verifyAccessToken } from './access-tokens.ts'
import { endSessions } from './sessions.ts'

export const sessionCalls: Pick<Calls, 'logout' | 'listSessions' | 'endSessions' | 'showSession'> = {
  async logout(_input, context) {
    const { accountId, sessionId } = callerOf(context)
    await endSessions(context, accountId, { only: sessionId })
    return null
  },
  async listSessions(_input, context) {
    const { accountId, sessionId } = callerOf(context)
    const sessions = await listSessions(context.db, accountId)
    return { items: sessions.map((session) => ({ ...session, isCurrent: session.id === sessionId })) }
  },
  async endSessions({ id, exceptCurrent }, context) {
    const { accountId, sessionId } = callerOf(context)
    const except = exceptCurrent ? sessionId : undefined
    return { ended: await endSessions(context, accountId, { only: id, except }) }
  },
  async showSession(asked, context) {
    const { db, settings } = context
    if ('tokenHash' in asked) {
      const hash = Buffer.from(asked.tokenHash, 'hex')
      const session = (await useSession(db, hash, settings.SESSION_IDLE_DAYS)) ?? (await useKey(db, hash))
      return { session: session ?? null }
    }
    const proven = await verifyAccessToken(context, asked.accessToken)
    const session = proven && (await findAppSession(db, proven))
    return { session: session ? { ...session, expiresAt: proven.expiresAt } : null }
  },
}
