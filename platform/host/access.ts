import type { Access } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Identity, Role } from '#platform/identity.ts'

/** Roles that satisfy each access: a higher role may do what a lower one may. */
const sufficientRoles: Partial<Record<Access, readonly Role[]>> = {
  account: ['customer', 'staff', 'admin', 'owner'],
  staff: ['staff', 'admin', 'owner'],
  admin: ['admin', 'owner'],
}

/** Throws `unauthenticated` when nobody is known, `forbidden` when the one who is known may not. */
export function authorize(access: Access, identity: Identity): void {
  if (access === 'public' || identity.kind === 'service') return
  if (identity.kind === 'anonymous') throw standardError('unauthenticated', 'Sign in first.')
  if (!sufficientRoles[access]?.some((role) => identity.roles.includes(role)))
    throw standardError('forbidden', 'This account may not do that.')
}
