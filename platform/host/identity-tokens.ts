import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto'
// The whole of jose would be 46 files at every start.
import { SignJWT } from 'jose/jwt/sign'
import { jwtVerify } from 'jose/jwt/verify'
import { z } from 'zod'
import { standardError } from '#contracts/errors.ts'
import { anonymous, type Identity } from '#platform/identity.ts'

/** The caller's identity as it travels between processes: an EdDSA JWT (RFC 8037 §3.1) of at most 5 minutes. */
export interface IdentityTokens {
  /** Undefined for an anonymous caller. A promise only when a new token has to be signed. */
  sign(identity: Identity): string | undefined | Promise<string>
  /** Throws `unauthenticated` for a token that is not ours or is over. A promise only the first time a token is seen. */
  verify(token: string | undefined): Identity | Promise<Identity>
}

const lifetimeMs = 5 * 60_000
/** A token with less left than this is not handed out any more. */
const freshForMs = 60_000
const rememberedTokens = 10_000

const Claims = z.object({
  exp: z.number(),
  identity: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('account'),
      accountId: z.string(),
      sessionId: z.string(),
      roles: z.array(z.enum(['customer', 'staff', 'admin', 'owner'])),
      isVerified: z.boolean().optional(),
      scopes: z.array(z.string()).optional(),
    }),
    z.object({
      kind: z.literal('service'),
      name: z.string(),
      scopes: z.array(z.string()).optional(),
      keyId: z.string().optional(),
    }),
  ]),
})

/** Every process derives the same Ed25519 key pair from the cluster key, so any of them signs and verifies alone. */
export function createIdentityTokens(clusterKey: Buffer): IdentityTokens {
  const seed = Buffer.from(hkdfSync('sha256', clusterKey, '', 'dakghar identity tokens', 32))
  // RFC 8410 §7: PKCS #8 wrapping of a 32-byte Ed25519 seed.
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const signed = new Map<string, { token: string; expiresAt: number }>()
  const verified = new Map<string, { identity: Identity; expiresAt: number }>()

  async function signNew(identity: Identity, cacheKey: string): Promise<string> {
    const expiresAt = Date.now() + lifetimeMs
    const token = await new SignJWT({ identity })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setExpirationTime(Math.floor(expiresAt / 1000))
      .sign(privateKey)
    remember(signed, cacheKey, { token, expiresAt })
    return token
  }

  async function verifyNew(token: string): Promise<Identity> {
    try {
      const { payload } = await jwtVerify(token, publicKey, { algorithms: ['EdDSA'] })
      const { identity, exp } = Claims.parse(payload)
      remember(verified, token, { identity, expiresAt: exp * 1000 })
      return identity
    } catch {
      throw standardError('unauthenticated', 'The identity of the caller can not be verified.')
    }
  }

  return {
    sign(identity) {
      if (identity.kind === 'anonymous') return undefined
      const cacheKey = JSON.stringify(identity)
      const known = signed.get(cacheKey)
      return known && known.expiresAt - Date.now() > freshForMs ? known.token : signNew(identity, cacheKey)
    },
    verify(token) {
      if (token === undefined) return anonymous
      const known = verified.get(token)
      if (known && known.expiresAt > Date.now()) return known.identity
      verified.delete(token)
      return verifyNew(token)
    },
  }
}

/** Forgets the oldest first: a forgotten token costs one more signature. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size >= rememberedTokens) {
    const [oldest] = map.keys()
    map.delete(oldest!)
  }
  map.set(key, value)
}
