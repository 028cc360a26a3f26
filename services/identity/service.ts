/**
 * Accounts, their passwords and sessions, and the blocklist.
 * Passwords are kept as Argon2id, tokens as SHA-256; what gateways remember of them is revoked by a stream.
 * Anyone may sign up and in, accounts see to themselves, admins to others; gateways ask whose a token is.
 */
import { v7 } from 'uuid'
import { identity } from '#contracts/identity.ts'
import { integer } from '#platform/config.ts'
import { hostSettings } from '#platform/host/settings.ts'
import { defineService, type QueryContext, type ServiceContext } from '#platform/service.ts'
import { maySetRoles, normalizedUserid } from './accounts.ts'
import { blocklist, blockRange, isTooWide, removeExpired, unblockRange } from './blocklist.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { followRevocations, revoke } from './revocations.ts'
import { endExpiredSessions, endSessions, startSession } from './sessions.ts'
import * as accounts from './store/accounts.ts'
import { listRanges } from './store/blocklist.ts'
import { deleteRevocationsBefore } from './store/revocations.ts'
import { listSessions, useSession } from './store/sessions.ts'

const settings = {
  DOMAIN: hostSettings.DOMAIN,
  SESSION_IDLE_DAYS: integer('Days after which a session that nobody used ends.', { default: 14, min: 1 }),
}

type Context = ServiceContext<typeof settings>

export default defineService({
  contract: identity,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  calls: {
    createProfile: {
      async opensTransaction({ userid: given, password, name }, context) {
        const userid = normalizedUserid(given, context.settings.DOMAIN) ?? refuseUserid(context)
        const hash = await hashPassword(password, context)
        return context.transact(async (context) => {
          const profile = { id: v7(), userid, name, roles: ['customer' as const] }
          const account = await accounts.insertAccount(context.tx, profile)
          if (!account) return context.fail('useridTaken', `${userid} is somebody's already.`)
          await accounts.insertPassword(context.tx, account.id, hash)
          await context.publish('profileCreated', account)
          return account
        })
      },
    },
    login: {
      async opensTransaction({ userid, password }, context) {
        const refuse = () => context.fail('wrongCredentials', 'The userid or the password is wrong.')
        const known = await accounts.findPassword(
          context.db,
          normalizedUserid(userid, context.settings.DOMAIN) ?? '',
        )
        if (!(await isPassword(password, known?.hash, context)) || !known) return refuse()
        return context.transact(async (context) => {
          // It may have been changed since it was read.
          if (!(await accounts.holdPassword(context.tx, known.accountId, known.hash))) return refuse()
          const session = await startSession(context, known.accountId)
          return { ...session, account: (await accounts.findAccount(context.tx, known.accountId))! }
        })
      },
    },
    async logout(_input, context) {
      const { accountId, sessionId } = callerOf(context)
      await endSessions(context, accountId, { only: sessionId })
      return null
    },
    async showMe(_input, context) {
      return (await accounts.findAccount(context.db, callerOf(context).accountId)) ?? context.fail('notFound')
    },
    changePassword: {
      async opensTransaction({ password, newPassword }, context) {
        const { accountId, sessionId } = callerOf(context)
        const refuse = () => context.fail('wrongCredentials', 'The password is wrong.')
        const oldHash = await accounts.passwordOf(context.db, accountId)
        if (!(await isPassword(password, oldHash, context)) || !oldHash) return refuse()
        const hash = await hashPassword(newPassword, context)
        return context.transact(async (context) => {
          if (!(await accounts.replacePassword(context.tx, accountId, oldHash, hash))) return refuse()
          await endSessions(context, accountId, { except: sessionId })
          return null
        })
      },
    },
    async listSessions(_input, context) {
      const { accountId, sessionId } = callerOf(context)
      const sessions = await listSessions(context.db, accountId)
      return { items: sessions.map((session) => ({ ...session, isCurrent: session.id === sessionId })) }
    },
    async endSessions({ id }, context) {
      return { ended: await endSessions(context, callerOf(context).accountId, { only: id }) }
    },
    async setRoles({ accountId, roles }, context) {
      const account = (await accounts.lockAccount(context.tx, accountId)) ?? context.fail('notFound')
      if (!maySetRoles(context.identity, account.roles, roles))
        context.fail('forbidden', 'Only an owner makes or unmakes owners.')
      const distinct = [...new Set(roles)]
      await accounts.updateRoles(context.tx, accountId, distinct)
      await revoke(context, [{ accountId, sessionId: null }])
      return { ...account, roles: distinct }
    },
    async showSession({ tokenHash }, { db, settings }) {
      const session = await useSession(db, Buffer.from(tokenHash, 'hex'), settings.SESSION_IDLE_DAYS)
      return { session: session ?? null }
    },
    async blockRange({ range, reason, expiresAt = null }, context) {
      if (isTooWide(range)) context.fail('rangeTooWide', 'It would lock out a large part of the world.')
      return blockRange(context, { range, reason, expiresAt })
    },
    async unblockRange({ id }, context) {
      return (await unblockRange(context, id)) ? null : context.fail('notFound')
    },
    async listBlockedRanges({ cursor, limit }, { db }) {
      const ranges = await listRanges(db, { limit: limit + 1, before: cursor })
      const items = ranges.slice(0, limit)
      return { items, nextCursor: ranges.length > limit ? items.at(-1)!.id : null }
    },
  },
  streams: {
    revocations: followRevocations,
    blocklist: (_input, context) => blocklist.updates(context),
  },
  roles: {
    api: {
      summary: 'answers the calls and streams, and forgets what is over',
      jobs: [
        { name: 'tidySessions', everyMs: 3_600_000, run: tidySessions },
        { name: 'removeExpiredRanges', everyMs: 60_000, run: removeExpired },
      ],
    },
  },
})

/** Fails with `forbidden` where no account makes the call. */
function callerOf(context: QueryContext): { accountId: string; sessionId: string } {
  const { identity } = context
  return identity.kind === 'account' ? identity : context.fail('forbidden', 'Only an account has this.')
}

function refuseUserid(context: QueryContext<never, typeof settings>): never {
  const message = `is no mailbox of ${context.settings.DOMAIN}`
  return context.fail('invalid', 'The input is not valid.', { fields: [{ path: 'userid', message }] })
}

/** A gateway that was away for longer forgets everything instead. */
const keptRevocationDays = 1

async function tidySessions(context: Context): Promise<void> {
  await endExpiredSessions(context)
  await deleteRevocationsBefore(context.db, keptRevocationDays)
}
