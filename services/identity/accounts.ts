/** Accounts, and who may change what of them. */
import type { Identity, Role } from '#platform/identity.ts'

/** The userid as it is stored and compared. Undefined for one that is no mailbox of the domain. */
export function normalizedUserid(given: string, domain: string): string | undefined {
  const userid = given.trim().toLowerCase()
  const [mailbox = '', ...rest] = userid.split('@')
  const isMailbox = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/.test(mailbox) && !mailbox.includes('..')
  return isMailbox && rest.join('@') === domain.toLowerCase() ? userid : undefined
}

/** Only an owner, or whoever holds a service key, makes or unmakes owners. */
export function maySetRoles(identity: Identity, before: readonly Role[], after: readonly Role[]): boolean {
  if (before.includes('owner') === after.includes('owner')) return true
  return identity.kind === 'service' || (identity.kind === 'account' && identity.roles.includes('owner'))
}
