/** Who makes a call. Deny by default: a caller that proves nothing is anonymous. */
export type Identity =
  | { kind: 'anonymous' }
  | { kind: 'account'; accountId: string; sessionId: string; roles: readonly Role[] }
  /** One of our services acting for itself, or the holder of a service key (`name` is the key's name). */
  | { kind: 'service'; name: string }

export type Role = 'customer' | 'staff' | 'admin' | 'owner'

export const anonymous: Identity = { kind: 'anonymous' }
