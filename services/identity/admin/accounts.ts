/** Accounts, as admins see and make them. */
import { pageOf } from '#platform/pages.ts'
import { validate as isUuid } from 'uuid'
import { revoke } from '#services/identity/sign-in/revocations.ts'
import type { Calls } from '#services/identity/settings.ts'
import * as accounts from '#services/identity/store/accounts.ts'
import { hasSecondFactor, isPlace, listAccounts, listAllSessions } from '#services/identity/store/admin.ts'
import { endSetUp, showInstallation } from '#services/identity/store/installation.ts'
import { listKeys } from '#services/identity/store/keys.ts'
import { listSessions } from '#services/identity/store/sessions.ts'
import { audit } from '#platform/audit.ts'
import { makeAccount } from './new-people.ts'
import { lockWithOwners } from './owners.ts'
import { checkRoles } from './roles.ts'

export const accountCalls: Pick<
  Calls,
  'listAccounts' | 'showAccount' | 'createAccount' | 'setRoles' | 'listAllSessions'
> = {
  async listAccounts({ cursor, limit, search, role, isDisabled }, context) {
    if (cursor !== undefined && !isPlace(cursor))
      return context.fail('invalid', 'The cursor is not one of this list.')
    const filter = { search, role, isDisabled }
    const found = await listAccounts(context.db, filter, { limit: limit + 1, after: cursor })
    const { items, nextCursor } = pageOf(found, limit, ({ place }) => place)
    return { items: items.map(({ account }) => account), nextCursor }
  },
  async showAccount({ accountId }, { db, fail }) {
    const account = (await accounts.findAccount(db, accountId)) ?? fail('notFound')
    const sessions = await listSessions(db, accountId)
    const apiKeys = await listKeys(db, accountId)
    return { account, sessions, apiKeys, hasSecondFactor: await hasSecondFactor(db, accountId) }
  },
  async createAccount(given, context) {
    checkRoles(context, [], given.roles)
    const { domains } = await showInstallation(context.tx, context.settings.DOMAIN)
    const account = await makeAccount(context, given, domains)
    if (!account) return context.fail('useridTaken', `${given.userid} can't be had.`)
    await audit(context, 'createAccount', account.id, { roles: account.roles })
    return account
  },
  async setRoles({ accountId, roles: given }, context) {
    const roles = [...new Set(given)]
    const { account, isLastOwner } = await lockWithOwners(context, accountId)
    checkRoles(context, account.roles, roles)
    if (isLastOwner && !roles.includes('owner'))
      return context.fail('lastOwner', 'Make somebody else an owner first.')
    await accounts.updateRoles(context.tx, accountId, roles)
    if (roles.includes('owner')) await endSetUp(context.tx)
    await audit(context, 'setRoles', accountId, { before: account.roles, after: roles })
    await revoke(context, [{ accountId, sessionId: null }])
    return { ...account, roles }
  },
  async listAllSessions({ cursor, limit }, context) {
    if (cursor !== undefined && !isUuid(cursor))
      return context.fail('invalid', 'The cursor is not one of this list.')
    const found = await listAllSessions(context.db, { limit: limit + 1, before: cursor })
    return pageOf(found, limit, ({ id }) => id)
  },
}
