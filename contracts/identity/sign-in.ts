/** Signing in, staying signed in, and what proves who somebody is. */
import { z } from 'zod'
import { command, query, stream } from '../contract.ts'
import { Account, AccountRole, Device, Identifier, Password } from './account.ts'

/** However much a session is used, it ends after this time. */
export const longestSessionDays = 90

/** What a token or key proves, for the gateways' memory. */
export const Session = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('account'),
    /** Of the session, or of the API key. */
    id: z.uuid(),
    accountId: z.uuid(),
    roles: z.array(AccountRole),
    /** Whether its e-mail address or phone number is verified. */
    isVerified: z.boolean(),
    /** What an API key may be used for; null: for everything that the account may do. */
    scopes: z.array(z.string()).nullable(),
    /** Of a session; moves on while it is used. */
    expiresAt: z.iso.datetime(),
  }),
  z.object({
    kind: z.literal('service'),
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.string()),
    expiresAt: z.iso.datetime(),
  }),
])
export type Session = z.output<typeof Session>

/** What gateways remember of this is not true any more: the session ended, or its account is another one now. */
export const Revocation = z.object({
  /** Or the id of a service key. */
  accountId: z.uuid(),
  /** Null: every session and key of the account. */
  sessionId: z.uuid().nullable(),
})

/** As `@simplewebauthn/browser` takes and gives it (WebAuthn Level 3, §5.1 and §6): options and responses as JSON. */
const WebAuthnJson = z.record(z.string(), z.unknown())

/** A browser gets an opaque token as a cookie; an app a JWT of 10 minutes and a token to refresh it with. */
const ClientKind = z.enum(['browser', 'app']).default('browser')

export const SignedIn = z.object({
  token: z.string(),
  expiresAt: z.iso.datetime(),
  /** For an app. Good once; using it again ends the session. */
  refreshToken: z.string().optional(),
  /** Of a device that is new to the account. Browsers get it as a cookie. */
  deviceToken: z.string().optional(),
  account: Account,
})

export const SecondFactorMethod = z.enum(['totp', 'passkey', 'recoveryCode'])

/** The password was right; `finishLogin` wants one of the methods. */
export const SecondFactorNeeded = z.object({
  /** Good for 5 minutes and 5 tries. */
  ticket: z.string(),
  methods: z.array(SecondFactorMethod),
  /** For the browser's passkeys. */
  passkeyOptions: WebAuthnJson.nullable(),
})

export const Passkey = z.object({
  id: z.uuid(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
  /** It lives in several devices of the person. */
  isSynced: z.boolean(),
})

export const ShownSession = z.object({
  id: z.uuid(),
  /** `Chrome on Windows`. */
  device: z.string(),
  address: z.string(),
  /** ISO 3166-1 alpha-2 of the country the address belongs to; null where that is not known. */
  country: z.string().nullable(),
  client: z.enum(['browser', 'app']),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** It is the one that makes the call. */
  isCurrent: z.boolean(),
})

/** The session is not fresh: `confirmIdentity` first. */
const confirmationNeeded = 'confirmationNeeded 403'
const PasskeyName = z.string().trim().min(1).max(100)

export const signInCalls = {
  login: command(
    {
      summary:
        'Signs in with userid, e-mail address or phone number. Gives the token and sets the session cookie, or says which second factor is needed.',
      http: ['POST /api/auth/login', 'POST /authenticate'],
      access: 'public',
      input: z.object({
        userid: Identifier,
        password: Password,
        client: ClientKind,
        device: Device.optional(),
      }),
      output: z.union([SignedIn, SecondFactorNeeded]),
      limits: ['anonymous', 'signIn'],
      idempotency: 'none',
      session: 'starts',
    },
    'wrongCredentials 401',
  ),
  finishLogin: command(
    {
      summary: 'Signs in with the second factor.',
      http: 'POST /api/auth/second-factor',
      access: 'public',
      input: z.object({
        ticket: z.string().max(100),
        totp: z.string().max(20).optional(),
        recoveryCode: z.string().max(40).optional(),
        passkey: WebAuthnJson.optional(),
        client: ClientKind,
        device: Device.optional(),
      }),
      output: SignedIn,
      limits: ['anonymous'],
      idempotency: 'none',
      session: 'starts',
    },
    'wrongCredentials 401',
    'ticketExpired 410',
  ),
  startPasskeyLogin: command({
    summary: 'What a browser needs to ask its owner for a passkey.',
    http: 'POST /api/auth/passkey/options',
    access: 'public',
    input: z.object({}),
    output: z.object({ ticket: z.string(), options: WebAuthnJson }),
    limits: ['anonymous'],
    idempotency: 'none',
  }),
  finishPasskeyLogin: command(
    {
      summary: 'Signs in with a passkey alone.',
      http: 'POST /api/auth/passkey',
      access: 'public',
      input: z.object({
        ticket: z.string().max(100),
        passkey: WebAuthnJson,
        client: ClientKind,
        device: Device.optional(),
      }),
      output: SignedIn,
      limits: ['anonymous'],
      idempotency: 'none',
      session: 'starts',
    },
    'wrongCredentials 401',
    'ticketExpired 410',
  ),
  refreshToken: command(
    {
      summary: 'A new access token and a new refresh token for an app.',
      http: 'POST /api/auth/refresh',
      access: 'public',
      input: z.object({ refreshToken: z.string().max(100) }),
      output: SignedIn.omit({ account: true, deviceToken: true }).required(),
      limits: ['anonymous'],
      idempotency: 'none',
    },
    'refreshRefused 401',
  ),
  listSigningKeys: query({
    summary: 'The public keys of access tokens, as a JWK set (RFC 7517 §5).',
    http: ['GET /api/auth/jwks.json', 'GET /.well-known/jwks.json'],
    access: 'public',
    input: z.object({}),
    output: z.object({ keys: z.array(z.record(z.string(), z.string())) }),
    etag: true,
  }),
  logout: command({
    summary: 'Ends the session that makes the call.',
    http: 'POST /api/auth/logout 204',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.null(),
    session: 'ends',
  }),
  confirmIdentity: command(
    {
      summary:
        'Makes the session fresh for 15 minutes, by the password or a passkey. Changes of security need it.',
      http: 'POST /api/me/confirmation 204',
      access: 'account',
      owned: 'self',
      input: z.object({
        password: Password.optional(),
        ticket: z.string().max(100).optional(),
        passkey: WebAuthnJson.optional(),
      }),
      output: z.null(),
      idempotency: 'none',
    },
    'wrongCredentials 403',
  ),
  listSessions: query({
    summary: 'Sessions of the account that makes the call, newest first.',
    http: 'GET /api/me/sessions',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({ items: z.array(ShownSession) }),
  }),
  endSessions: command({
    summary:
      'Ends one session of the account that makes the call, all but the one that makes the call, or all.',
    http: 'POST /api/me/sessions/end',
    access: 'account',
    owned: 'self',
    input: z.object({ id: z.uuid().optional(), exceptCurrent: z.boolean().default(false) }),
    output: z.object({ ended: z.int() }),
  }),

  showSecurity: query({
    summary: 'How the account that makes the call proves who it is.',
    http: 'GET /api/me/security',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({
      /** Null: it signs in by passkey alone. */
      passwordChangedAt: z.iso.datetime().nullable(),
      totpSince: z.iso.datetime().nullable(),
      passkeys: z.array(Passkey),
      recoveryCodesLeft: z.int(),
      /** Until then changes need no confirmation; null: they need one now. */
      freshUntil: z.iso.datetime().nullable(),
    }),
  }),
  startTotp: command(
    {
      summary: 'A secret for an authenticator app (RFC 6238). It counts once a code of it was confirmed.',
      http: 'POST /api/me/totp',
      access: 'account',
      owned: 'self',
      input: z.object({}),
      /** `uri` is what the QR code holds: `otpauth://totp/…`. */
      output: z.object({ secret: z.string(), uri: z.string() }),
      idempotency: 'none',
    },
    confirmationNeeded,
  ),
  confirmTotp: command(
    {
      summary: 'Turns the second factor on. Gives recovery codes, once, unless there are some.',
      http: 'POST /api/me/totp/confirmation',
      access: 'account',
      owned: 'self',
      input: z.object({ code: z.string().max(20) }),
      output: z.object({ recoveryCodes: z.array(z.string()) }),
      idempotency: 'none',
    },
    'wrongCode 422',
  ),
  removeTotp: command(
    {
      http: 'DELETE /api/me/totp 204',
      access: 'account',
      owned: 'self',
      input: z.object({}),
      output: z.null(),
    },
    confirmationNeeded,
  ),
  startPasskey: command(
    {
      summary: 'What a browser needs to make a passkey; also for `confirmIdentity` with one that is there.',
      http: 'POST /api/me/passkeys/options',
      access: 'account',
      owned: 'self',
      input: z.object({ purpose: z.enum(['add', 'confirm']).default('add') }),
      output: z.object({ ticket: z.string(), options: WebAuthnJson }),
      idempotency: 'none',
    },
    confirmationNeeded,
  ),
  addPasskey: command(
    {
      summary: 'Gives recovery codes, once, unless there are some.',
      http: 'POST /api/me/passkeys 201',
      access: 'account',
      owned: 'self',
      input: z.object({ ticket: z.string().max(100), name: PasskeyName, passkey: WebAuthnJson }),
      output: z.object({ passkey: Passkey, recoveryCodes: z.array(z.string()) }),
      idempotency: 'none',
    },
    'ticketExpired 410',
    'passkeyRefused 422',
  ),
  renamePasskey: command({
    http: 'PATCH /api/me/passkeys/{id}',
    access: 'account',
    owned: 'id',
    input: z.object({ id: z.uuid(), name: PasskeyName }),
    output: Passkey,
  }),
  removePasskey: command(
    {
      http: 'DELETE /api/me/passkeys/{id} 204',
      access: 'account',
      owned: 'id',
      input: z.object({ id: z.uuid() }),
      output: z.null(),
    },
    confirmationNeeded,
    'lastWayIn 409',
  ),
  makeRecoveryCodes: command(
    {
      summary: 'Ten new codes that each stand in for the second factor once; the old ones count no more.',
      http: 'POST /api/me/recovery-codes',
      access: 'account',
      owned: 'self',
      input: z.object({}),
      output: z.object({ recoveryCodes: z.array(z.string()) }),
      idempotency: 'none',
    },
    confirmationNeeded,
  ),

  showSession: query({
    summary:
      'The session or key behind a token, null where there is none; it counts as used. A gateway asks once and remembers.',
    access: 'service',
    input: z.union([
      /** SHA-256 of an opaque token in hexadecimal: the token itself stays at the gateway. */
      z.object({ tokenHash: z.string().regex(/^[0-9a-f]{64}$/) }),
      z.object({ accessToken: z.string().max(4096) }),
    ]),
    output: z.object({ session: Session.nullable() }),
  }),
}

export const signInStreams = {
  /**
   * An item comes at once, after each revocation, and each second: by then, everything up to `sequence` has been
   * told. A follower that comes back says the last `sequence` it saw and gets what it missed.
   */
  revocations: stream({
    summary: 'What gateways have to forget. Resumes after the sequence last seen.',
    access: 'service',
    sequence: ({ sequence }: { sequence: number }) => sequence,
    input: z.object({ after: z.int().nonnegative().optional() }),
    output: z.object({
      sequence: z.int().nonnegative(),
      revoked: z.array(Revocation),
      /** What came before is not known: everything remembered has to be asked anew. */
      isReset: z.boolean(),
    }),
  }),
}
