/** Forgetting somebody: identity at once, every other service when it hears of it. */
import { pageOf } from '#platform/pages.ts'
import { v7, validate as isUuid } from 'uuid'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { subscription } from '#platform/service.ts'
import { audit } from '#platform/audit.ts'
import { lockWithOwners } from '#services/identity/admin/owners.ts'
import { checkMayManage } from '#services/identity/admin/roles.ts'
import { callerOf, type Calls, type Command, type Query, type settings } from '#services/identity/settings.ts'
import { requireFresh } from '#services/identity/sign-in/fresh.ts'
import { mayTryFactor } from '#services/identity/sign-in/guard.ts'
import { isPassword } from '#services/identity/sign-in/passwords.ts'
import { revoke } from '#services/identity/sign-in/revocations.ts'
import { holdPassword, passwordOf } from '#services/identity/store/accounts.ts'
import * as erasures from '#services/identity/store/erasures.ts'
import { exportBlobsOf } from '#services/identity/store/exports.ts'
import { personalServices } from './exports.ts'

export const erasureCalls: Pick<Calls, 'eraseMe' | 'eraseAccount' | 'listErasures' | 'reportErased'> = {
  eraseMe: {
    async opensTransaction({ password }, context) {
      const { accountId, scopes } = callerOf(context)
      if (scopes) return context.fail('forbidden', 'It takes a person who has signed in.')
      const refuse = () => context.fail('wrongCredentials', 'The password is wrong.')
      const hash = password === undefined ? undefined : await passwordOf(context.db, accountId)
      if (password !== undefined && !(hash && (await isRight(context, password, hash)))) return refuse()
      return context.transact(async (context) => {
        if (hash === undefined) await requireFresh(context)
        else if (!(await holdPassword(context.tx, accountId, hash))) return refuse()
        const earlier = await erasures.findErasure(context.tx, accountId)
        if (earlier) return earlier
        const { account, isLastOwner } = await lockWithOwners(context, accountId)
        if (isLastOwner) return context.fail('lastOwner', 'Make somebody else an owner first.')
        return erase(context, account)
      })
    },
  },
  async eraseAccount({ accountId }, context) {
    const earlier = await erasures.findErasure(context.tx, accountId)
    if (earlier) return earlier
    const { account, isLastOwner } = await lockWithOwners(context, accountId)
    checkMayManage(context, account)
    if (isLastOwner) return context.fail('lastOwner', 'Make somebody else an owner first.')
    await audit(context, 'eraseAccount', accountId)
    return erase(context, account)
  },
  async listErasures({ cursor, limit }, context) {
    if (cursor !== undefined && !isUuid(cursor))
      return context.fail('invalid', 'The cursor is not one of this list.')
    const found = await erasures.listErasures(context.db, { limit: limit + 1, before: cursor })
    return pageOf(found, limit, ({ id }) => id)
  },
  async reportErased(report, context) {
    await erasures.endPart(context.tx, report)
    return null
  },
}

export const erasureSubscriptions = [
  subscription<typeof identity.events.accountErased, typeof settings>({
    name: 'identity.removeErasedFiles',
    event: identity.events.accountErased,
    handle: async (deliveries, { tx, blobs }) => {
      for (const { payload } of deliveries) {
        const { erasureId } = payload
        for (const blob of await erasures.ownBlobs(tx, erasureId)) await blobs.delete(blob)
        await erasures.endPart(tx, { erasureId, service: identity.name })
      }
    },
  }),
]

/** Whoever took over a session may not guess the password by it. */
async function isRight(context: Query, password: string, hash: string): Promise<boolean> {
  if (!(await mayTryFactor(context, callerOf(context).accountId)))
    context.fail('tooManyRequests', 'Too many attempts failed.', { retryAfterSeconds: 3600 })
  return isPassword(password, hash, context)
}

/** Everything of the account that is here goes with its row: sessions, credentials, codes, keys, exports. */
async function erase(context: Command, { id: accountId, pictureId }: Account): Promise<erasures.ErasureRow> {
  const { tx } = context
  const exported = await exportBlobsOf(tx, accountId)
  const blobIds = pictureId === null ? exported : [...exported, pictureId]
  await erasures.deleteAccount(tx, accountId)
  const erasure = { id: v7(), accountId, blobIds, services: personalServices }
  const row = await erasures.insertErasure(tx, erasure)
  await context.publish('accountErased', { erasureId: row.id, accountId })
  await revoke(context, [{ accountId, sessionId: null }])
  return row
}
