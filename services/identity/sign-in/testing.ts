/** What the tests of second factors share: an authenticator without a browser, and an app's codes. */
import { createHash, createSign, generateKeyPairSync, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import { Secret, TOTP } from 'otpauth'
import type { Client } from '#contracts/client.ts'
import type { identity } from '#contracts/identity.ts'

/** What an authenticator and its browser do wrong. */
interface Faults {
  origin?: string
  rpId?: string
  crossOrigin?: boolean
  challenge?: string
  /** The signature is one of another key. */
  isForged?: boolean
  counter?: number
  userHandle?: string
}

interface Options {
  challenge: string
  rpId?: string
  rp?: { id: string }
  user?: { id: string }
}

const flagBits = { present: 0x01, verified: 0x04, backedUp: 0x18, attested: 0x40 }

/**
 * A passkey of ES256 in software, WebAuthn Level 3 §6, with the browser around it. It verifies its user unless told
 * otherwise; with `counts` it counts its uses.
 */
export function softwareAuthenticator({
  verifiesUser = true,
  counts = true,
  isSynced = false,
  origin = 'http://localhost:5173',
} = {}) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  const credentialId = randomBytes(32)
  const id = credentialId.toString('base64url')
  let counter = 0
  let owner: string | undefined

  const clientData = (type: string, options: Options, faults: Faults) =>
    Buffer.from(
      JSON.stringify({
        type,
        challenge: faults.challenge ?? options.challenge,
        origin: faults.origin ?? origin,
        crossOrigin: faults.crossOrigin ?? false,
      }),
    )
  const authenticatorData = (options: Options, faults: Faults, attested: Buffer[] = []) => {
    const rpId = faults.rpId ?? options.rpId ?? options.rp?.id ?? ''
    const flags =
      flagBits.present |
      (verifiesUser ? flagBits.verified : 0) |
      (isSynced ? flagBits.backedUp : 0) |
      (attested.length > 0 ? flagBits.attested : 0)
    const head = Buffer.alloc(5)
    head.writeUInt8(flags)
    head.writeUInt32BE(faults.counter ?? (counts ? ++counter : 0), 1)
    return Buffer.concat([sha256(rpId), head, ...attested])
  }
  /** COSE_Key of ES256, RFC 9053 §7.1. */
  const coseKey = () =>
    Buffer.from(
      isoCBOR.encode(
        new Map<number, number | Uint8Array>([
          [1, 2],
          [3, -7],
          [-1, 1],
          [-2, new Uint8Array(Buffer.from(x!, 'base64url'))],
          [-3, new Uint8Array(Buffer.from(y!, 'base64url'))],
        ]),
      ),
    )
  const answer = (response: object) => ({
    id,
    rawId: id,
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
    response,
  })

  return {
    id,
    /** `navigator.credentials.create()`. */
    create(given: Record<string, unknown>, faults: Faults = {}) {
      const options = given as unknown as Options
      owner = options.user?.id
      const length = Buffer.alloc(2)
      length.writeUInt16BE(credentialId.length)
      const attested = [Buffer.alloc(16), length, credentialId, coseKey()]
      const attestation = new Map<string, Parameters<typeof isoCBOR.encode>[0]>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', new Uint8Array(authenticatorData(options, faults, attested))],
      ])
      return answer({
        clientDataJSON: clientData('webauthn.create', options, faults).toString('base64url'),
        attestationObject: Buffer.from(isoCBOR.encode(attestation)).toString('base64url'),
        transports: ['internal'],
      })
    },
    /** `navigator.credentials.get()`. */
    get(given: Record<string, unknown>, faults: Faults = {}) {
      const options = given as unknown as Options
      const client = clientData('webauthn.get', options, faults)
      const data = authenticatorData(options, faults)
      const signature = createSign('sha256')
        .update(Buffer.concat([data, sha256(client)]))
        .sign(faults.isForged ? stranger.privateKey : privateKey)
      return answer({
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: faults.userHandle ?? owner,
      })
    },
  }
}

/** Of that secret, so many steps from now. */
export function codeOf(secret: string, steps = 0): string {
  const totp = new TOTP({ secret: Secret.fromBase32(secret), algorithm: 'SHA1', digits: 6, period: 30 })
  return totp.generate({ timestamp: Date.now() + steps * 30_000 })
}

/** Waits for the next step when this one is nearly over, so that a code does not age while it is tried. */
export async function earlyInStep(): Promise<void> {
  const leftMs = 30_000 - (Date.now() % 30_000)
  if (leftMs < 4_000) await sleep(leftMs)
}

/** Turns codes on; gives the secret and the recovery codes. The code of the step before is used up. */
export async function turnOnTotp(client: Client<typeof identity>) {
  const { secret } = await client.startTotp({})
  return { secret, ...(await client.confirmTotp({ code: codeOf(secret, -1) })) }
}

export async function addPasskey(
  client: Client<typeof identity>,
  authenticator: ReturnType<typeof softwareAuthenticator>,
  name = 'A key',
) {
  const { ticket, options } = await client.startPasskey({})
  return client.addPasskey({ ticket, name, passkey: authenticator.create(options) })
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest()
}
