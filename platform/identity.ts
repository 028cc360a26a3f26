/**
 * Who makes a call. Deny by default: a caller that proves nothing is anonymous. `scopes` are those of a key,
 * `mail:read` or `*:write`; without them everything is allowed that the roles allow.
 */
export type Identity =
  | { kind: 'anonymous' }
  | {
      kind: 'account'
      accountId: string
      /** Or the id of the API key that the call is made with. */
      sessionId: string
      roles: readonly Role[]
      /** Its e-mail address or phone number is verified. */
      isVerified?: boolean | undefined
      scopes?: readonly string[] | undefined
    }
  /** One of our services acting for itself, or the holder of a service key (`name` is the key's name). */
  | { kind: 'service'; name: string; scopes?: readonly string[] | undefined; keyId?: string | undefined }

export type Role = 'customer' | 'staff' | 'admin' | 'owner'

export const anonymous: Identity = { kind: 'anonymous' }
