import type { Account, AccountRole } from '#contracts/identity/account.ts'
import { hasRole } from '#web/app/session.ts'

/** Only an owner makes or unmakes owners and admins, as `identity.setRoles` has it. */
export function mayGive(giver: Pick<Account, 'roles'>, role: AccountRole): boolean {
  return hasRole(giver, 'owner') || role === 'customer' || role === 'staff'
}
