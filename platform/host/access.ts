import type { Access, CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Identity, Role } from '#platform/identity.ts'

/** Roles that satisfy each access: a higher role may do what a lower one may. */
export const sufficientRoles: Readonly<Partial<Record<Access, readonly Role[]>>> = {
  account: ['customer', 'staff', 'admin', 'owner'],
  staff: ['staff', 'admin', 'owner'],
  admin: ['admin', 'owner'],
}

type Made = Pick<CallDefinition | StreamDefinition, 'access' | 'kind' | 'service'>

/** Throws `unauthenticated` when nobody is known, `forbidden` when the one who is known may not. */
export function authorize(made: Made, identity: Identity): void {
  const { access } = made
  if (identity.kind !== 'anonymous' && identity.scopes) checkScopes(made, identity.scopes)
  if (access === 'public' || identity.kind === 'service') return
  if (identity.kind === 'anonymous') throw standardError('unauthenticated', 'Sign in first.')
  if (!sufficientRoles[access]?.some((role) => identity.roles.includes(role)))
    throw standardError('forbidden', 'This account may not do that.')
}

/** What anyone may read needs no scope. */
function checkScopes({ access, kind, service }: Made, scopes: readonly string[]): void {
  if (access === 'public' && kind !== 'command') return
  const sufficient = kind === 'command' ? ['write'] : ['read', 'write']
  const isCovered = sufficient.some(
    (what) => scopes.includes(`${service}:${what}`) || scopes.includes(`*:${what}`),
  )
  if (!isCovered) throw standardError('forbidden', `The key has no scope ${service}:${sufficient[0]}.`)
}
