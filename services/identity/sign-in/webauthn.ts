/** Passkeys (WebAuthn Level 3): what a browser is asked, and whether its answer is right. */
import { z } from 'zod'
import type { Account } from '#contracts/identity/account.ts'
import { publicUrl } from '#platform/public-url.ts'
import type { Context } from '#services/identity/settings.ts'
import type { PasskeyRow } from '#services/identity/store/passkeys.ts'

type Settings = Context['settings']

/** Three hundred modules, which a start need not load. */
const webAuthn = () => import('@simplewebauthn/server')

/** Every authenticator can one of them: EdDSA, ES256, RS256 (IANA, COSE Algorithms). */
const algorithms = [-8, -7, -257]

/** How long a browser may take, as long as a ticket lives. */
export const passkeyMinutes = 5

/** A key that the account has is not made again. Where it can be found without a name, it signs in alone. */
export async function creationOptions(
  settings: Settings,
  { installation, account, passkeys }: { installation: string; account: Account; passkeys: PasskeyRow[] },
) {
  const { generateRegistrationOptions } = await webAuthn()
  const options = await generateRegistrationOptions({
    rpName: installation,
    rpID: relyingParty(settings).id,
    userID: Uint8Array.from(idBytes(account.id)),
    userName: account.userid ?? account.email ?? account.phone ?? account.name,
    userDisplayName: account.name,
    timeout: passkeyMinutes * 60_000,
    attestationType: 'none',
    supportedAlgorithmIDs: algorithms,
    excludeCredentials: passkeys.map(descriptorOf),
    authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
  })
  return { challenge: options.challenge, options: { ...options } }
}

/** Without `passkeys` the browser offers those that it knows. */
export async function requestOptions(
  settings: Settings,
  { passkeys, isAlone }: { passkeys?: PasskeyRow[]; isAlone: boolean },
) {
  const { generateAuthenticationOptions } = await webAuthn()
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(settings).id,
    timeout: passkeyMinutes * 60_000,
    userVerification: isAlone ? 'required' : 'preferred',
    ...(passkeys && { allowCredentials: passkeys.map(descriptorOf) }),
  })
  return { challenge: options.challenge, options: { ...options } }
}

/** What is kept of a new passkey; undefined where the answer is not right. */
export async function checkCreation(
  settings: Settings,
  given: unknown,
  challenge: string,
): Promise<
  | (Pick<PasskeyRow, 'credentialId' | 'publicKey' | 'counter' | 'transports'> & { isSynced: boolean })
  | undefined
> {
  const { data: response } = CreationResponse.safeParse(given)
  if (!response) return undefined
  const { id: expectedRPID, origin } = relyingParty(settings)
  const expectedOrigin = origin(response.response.clientDataJSON)
  const { verifyRegistrationResponse } = await webAuthn()
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin,
    expectedRPID,
    requireUserVerification: false,
    supportedAlgorithmIDs: algorithms,
  }).catch(notVerified)
  if (!verified || !registrationInfo) return undefined
  const { credential, credentialBackedUp } = registrationInfo
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey),
    counter: credential.counter,
    transports: response.response.transports ?? [],
    isSynced: credentialBackedUp,
  }
}

/** What is new about a passkey that was used; undefined where the answer is not right. Alone it has to know its owner. */
export async function checkRequest(
  settings: Settings,
  given: unknown,
  { challenge, passkey, isAlone }: { challenge: string; passkey: PasskeyRow; isAlone: boolean },
): Promise<{ counter: number; isSynced: boolean } | undefined> {
  const { data: response } = RequestResponse.safeParse(given)
  if (!response || response.id !== passkey.credentialId || !isOf(response.response.userHandle, passkey))
    return undefined
  const { id: expectedRPID, origin } = relyingParty(settings)
  const { verifyAuthenticationResponse } = await webAuthn()
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: challenge,
    expectedOrigin: origin(response.response.clientDataJSON),
    expectedRPID,
    credential: {
      id: passkey.credentialId,
      publicKey: Uint8Array.from(passkey.publicKey),
      counter: passkey.counter,
    },
    requireUserVerification: isAlone,
  }).catch(notVerified)
  if (!verified || !authenticationInfo) return undefined
  const { newCounter, credentialBackedUp } = authenticationInfo
  return { counter: newCounter, isSynced: credentialBackedUp }
}

/** Of which passkey an answer is; undefined for what is no answer. */
export function credentialIdOf(given: unknown): string | undefined {
  return RequestResponse.safeParse(given).data?.id
}

/** The library throws for every answer that is not right. */
function notVerified(): { verified: false; registrationInfo?: never; authenticationInfo?: never } {
  return { verified: false }
}

/**
 * Who we are to a browser (§4, relying party). On localhost, where the port is nobody's for long, any port of it is
 * ours. A page within somebody else's frame is not.
 */
function relyingParty(settings: Settings) {
  const url = new URL(publicUrl(settings))
  return {
    id: url.hostname,
    origin(clientDataJson: string): string[] {
      const { data } = ClientData.safeParse(clientDataJson)
      if (!data || data.crossOrigin) return []
      const { origin } = data
      const isLocal =
        url.hostname === 'localhost' && URL.canParse(origin) && new URL(origin).hostname === 'localhost'
      return [isLocal ? origin : url.origin]
    },
  }
}

function descriptorOf({ credentialId: id, transports }: PasskeyRow) {
  return { id, transports }
}

function isOf(userHandle: string | undefined, { accountId }: PasskeyRow): boolean {
  return userHandle === undefined || idBytes(accountId).equals(Buffer.from(userHandle, 'base64url'))
}

/** The user handle (§5.4.3): the 16 bytes of the account's uuid. */
function idBytes(accountId: string): Buffer {
  return Buffer.from(accountId.replaceAll('-', ''), 'hex')
}

const Text = z.string().max(20_000)

/** base64url of JSON, §5.8.1. */
const ClientData = Text.transform((text, context) => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown
  } catch {
    context.addIssue('is no JSON')
    return z.NEVER
  }
}).pipe(z.object({ origin: z.string(), crossOrigin: z.boolean().optional() }))

const Credential = z.object({
  id: Text,
  rawId: Text,
  type: z.literal('public-key'),
  clientExtensionResults: z.object({}).default({}),
})

const CreationResponse = Credential.extend({
  response: z.object({
    clientDataJSON: Text,
    attestationObject: Text,
    transports: z.array(z.string().max(20)).max(10).exactOptional(),
  }),
})

const RequestResponse = Credential.extend({
  response: z.object({
    clientDataJSON: Text,
    authenticatorData: Text,
    signature: Text,
    userHandle: Text.exactOptional(),
  }),
})
