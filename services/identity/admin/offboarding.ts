/** Throwing somebody out everywhere at once, and letting him in again. */
import type { Command } from '#services/identity/settings.ts'
import type { Calls } from '#services/identity/settings.ts'
import { endSessions } from '#services/identity/sign-in/sessions.ts'
import { revoke } from '#services/identity/sign-in/revocations.ts'
import { lockAccount } from '#services/identity/store/accounts.ts'
import { deleteWaysIn, setDisabled } from '#services/identity/store/admin.ts'
import { deleteKeys } from '#services/identity/store/keys.ts'
import { deleteSessions } from '#services/identity/store/sessions.ts'
import { audit } from '#platform/audit.ts'
import { lockWithOwners } from './owners.ts'
import { checkMayManage } from './roles.ts'

export const offboardingCalls: Pick<Calls, 'offboardAccount' | 'restoreAccount' | 'endAccountSessions'> = {
  async offboardAccount({ accountId }, context) {
    const { account, isLastOwner } = await lockWithOwners(context, accountId)
    checkMayManage(context, account)
    if (isLastOwner) return context.fail('lastOwner', 'Make somebody else an owner first.')
    await setDisabled(context.tx, accountId, true)
    const ended = await endEverything(context, accountId)
    await audit(context, 'offboardAccount', accountId, ended)
    await revoke(context, [{ accountId, sessionId: null }])
    return { account: { ...account, isDisabled: true }, ...ended }
  },
  async restoreAccount({ accountId }, context) {
    const account = (await lockAccount(context.tx, accountId)) ?? context.fail('notFound')
    checkMayManage(context, account)
    await setDisabled(context.tx, accountId, false)
    await audit(context, 'restoreAccount', accountId)
    return { ...account, isDisabled: false }
  },
  async endAccountSessions({ accountId, id }, context) {
    if (!(await lockAccount(context.tx, accountId))) return context.fail('notFound')
    await audit(context, 'endAccountSessions', accountId, { ...(id !== undefined && { sessionId: id }) })
    return { ended: await endSessions(context, accountId, { only: id }) }
  },
}

/** Takes everything by which somebody acts as the account. Whoever calls it revokes the account afterwards. */
async function endEverything(
  { tx }: Pick<Command, 'tx'>,
  accountId: string,
): Promise<{ endedSessions: number; removedKeys: number }> {
  const endedSessions = await deleteSessions(tx, accountId)
  const removedKeys = await deleteKeys(tx, accountId)
  await deleteWaysIn(tx, accountId)
  return { endedSessions: endedSessions.length, removedKeys: removedKeys.length }
}
