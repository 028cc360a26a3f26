/** Who may give which roles. */
import type { Account } from '#contracts/identity/account.ts'
import type { Identity, Role } from '#platform/identity.ts'
import type { Query } from '#services/identity/settings.ts'

/** Only an owner, or whoever holds a service key, makes or unmakes owners and admins. */
export function maySetRoles(identity: Identity, before: readonly Role[], after: readonly Role[]): boolean {
  const isSame = (role: Role) => before.includes(role) === after.includes(role)
  if (isSame('owner') && isSame('admin')) return true
  return identity.kind === 'service' || (identity.kind === 'account' && identity.roles.includes('owner'))
}

/** Fails with `forbidden` for who may not make one of these roles of the other. */
export function checkRoles(
  context: Pick<Query, 'identity' | 'fail'>,
  before: readonly Role[],
  after: readonly Role[],
): void {
  if (!maySetRoles(context.identity, before, after))
    context.fail('forbidden', 'Only an owner makes or unmakes owners and admins.')
}

/** To throw somebody out, or let him in again, takes what it takes to make him what he is; everybody may leave himself. */
export function checkMayManage(context: Pick<Query, 'identity' | 'fail'>, account: Account): void {
  const { identity } = context
  if (identity.kind === 'account' && identity.accountId === account.id) return
  checkRoles(context, account.roles, [])
}
