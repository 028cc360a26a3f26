/** What an app shows instead of a session's token: a JWT (RFC 9068) of ten minutes, signed with a key that changes. */
// The whole of jose would be 46 files at every start.
import { JOSEError, JWKSNoMatchingKey } from 'jose/errors'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { SignJWT } from 'jose/jwt/sign'
import { jwtVerify } from 'jose/jwt/verify'
import { exportJWK } from 'jose/key/export'
import { generateKeyPair } from 'jose/key/generate/keypair'
import { importJWK } from 'jose/key/import'
import type { CryptoKey, JWK, JWTHeaderParameters } from 'jose'
import { v7 } from 'uuid'
import type { Database } from '#platform/database/database.ts'
import type { SecretBox } from '#platform/service.ts'
import { publicUrl } from '#platform/public-url.ts'
import type { Command, Query } from '#services/identity/settings.ts'
import * as tokens from '#services/identity/store/app-tokens.ts'
import type { SessionRow } from '#services/identity/store/sessions.ts'

const minutes = 10
const signingDays = 30
/** After the last token of a key is over, clocks that differ included. */
export const retiredKeyMinutes = minutes + 5
const audience = 'dakghar'
const type = 'at+jwt'
const algorithm = 'EdDSA'

type Signing = Pick<Command, 'tx' | 'secrets' | 'settings'>

export async function signAccessToken(
  context: Signing,
  { id, accountId, roles }: Pick<SessionRow, 'id' | 'accountId' | 'roles'>,
): Promise<{ token: string; expiresAt: string }> {
  const key = await signingKey(context.tx, context.secrets)
  const issuedAt = Math.floor(Date.now() / 1000)
  const endsAt = issuedAt + minutes * 60
  const token = await new SignJWT({ sid: id, roles: [...roles] })
    .setProtectedHeader({ alg: algorithm, kid: key.id, typ: type })
    .setIssuer(publicUrl(context.settings))
    .setAudience(audience)
    .setSubject(accountId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(endsAt)
    .setJti(v7())
    .sign(key.privateKey)
  return { token, expiresAt: new Date(endsAt * 1000).toISOString() }
}

/** Whose token it is, by the token alone. Undefined for one that is not ours, or whose time is over. */
export async function verifyAccessToken(
  { db, settings }: Pick<Query, 'db' | 'settings'>,
  token: string,
): Promise<{ id: string; accountId: string; expiresAt: string } | undefined> {
  try {
    const { payload } = await jwtVerify<{ sid?: unknown }>(token, (header) => publicKey(db, header), {
      algorithms: [algorithm],
      issuer: publicUrl(settings),
      audience,
      typ: type,
      requiredClaims: ['sub', 'sid', 'exp', 'iat', 'jti'],
    })
    const { sub, sid, exp } = payload
    if (!isUuid(sub) || !isUuid(sid)) return undefined
    return { id: sid, accountId: sub, expiresAt: new Date(exp! * 1000).toISOString() }
  } catch (error) {
    if (error instanceof JOSEError) return undefined
    throw error
  }
}

/** As a JWK set shows them. */
export async function publicKeys(db: Database): Promise<Record<string, string>[]> {
  const keys = await tokens.listSigningKeys(db, retiredKeyMinutes)
  return keys.map(({ id, publicKey: { kty, crv, x } }) => ({
    kty: kty!,
    crv: crv!,
    x: x!,
    kid: id,
    use: 'sig',
    alg: algorithm,
  }))
}

/** Keys that were opened or read before, by id. An id is the hash of its key, so it never means another one. */
const opened = new Map<string, CryptoKey>()
const read = new Map<string, CryptoKey>()
const mostKept = 20

async function signingKey(tx: Database, secrets: SecretBox): Promise<{ id: string; privateKey: CryptoKey }> {
  const row = (await tokens.findSigningKey(tx, signingDays)) ?? (await replaceKey(tx, secrets))
  const { id, sealedPrivateKey } = row
  const privateKey =
    opened.get(id) ?? (await importKey(JSON.parse(secrets.open(sealedPrivateKey, about(id))) as JWK))
  return { id, privateKey: keep(opened, id, privateKey) }
}

/** By one at a time: who comes second finds the key that the first one made. */
async function replaceKey(tx: Database, secrets: SecretBox) {
  await tokens.lockSigningKeys(tx)
  const made = await tokens.findSigningKey(tx, signingDays)
  if (made) return made
  const pair = await generateKeyPair(algorithm, { crv: 'Ed25519', extractable: true })
  const publicKey = await exportJWK(pair.publicKey)
  const id = await calculateJwkThumbprint(publicKey)
  const sealedPrivateKey = secrets.seal(JSON.stringify(await exportJWK(pair.privateKey)), about(id))
  const row = { id, publicKey, sealedPrivateKey }
  await tokens.replaceSigningKey(tx, row)
  return row
}

async function publicKey(db: Database, { kid }: JWTHeaderParameters): Promise<CryptoKey> {
  const found = (await tokens.listSigningKeys(db, retiredKeyMinutes)).find(({ id }) => id === kid)
  if (!found) throw new JWKSNoMatchingKey()
  return keep(read, found.id, read.get(found.id) ?? (await importKey(found.publicKey)))
}

async function importKey(jwk: JWK): Promise<CryptoKey> {
  return (await importJWK(jwk, algorithm)) as CryptoKey
}

function keep(kept: Map<string, CryptoKey>, id: string, key: CryptoKey): CryptoKey {
  if (kept.size >= mostKept) kept.clear()
  kept.set(id, key)
  return key
}

function about(id: string): string {
  return `signing key ${id}`
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
}
