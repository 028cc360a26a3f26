/** One account for everything. */
import { z } from 'zod'
import { command, contract, event, page, pageInput, query, stream } from './contract.ts'
import { replicaUpdate } from './replica.ts'

export const AccountRole = z.enum(['customer', 'staff', 'admin', 'owner'])

export const Account = z.object({
  id: z.uuid(),
  /** Mailbox address on a domain of ours, lower case. */
  userid: z.string(),
  name: z.string(),
  roles: z.array(AccountRole),
  createdAt: z.iso.datetime(),
})

/** However much a session is used, it ends after this time. */
export const longestSessionDays = 90

/** What a token proves, for the gateways' memory. */
export const Session = z.object({
  id: z.uuid(),
  accountId: z.uuid(),
  roles: z.array(AccountRole),
  /** Moves on while the session is used. */
  expiresAt: z.iso.datetime(),
})

/** What gateways remember of this is not true any more: the session ended, or its account's roles are others. */
export const Revocation = z.object({
  accountId: z.uuid(),
  /** Null: every session of the account. */
  sessionId: z.uuid().nullable(),
})

/** One address, `203.0.113.9`, or a range in CIDR notation, `2001:db8::/32` (RFC 4632 §3.1, RFC 4291 §2.3). */
export const BlockedRange = z.object({
  id: z.uuid(),
  range: z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]),
  reason: z.string().max(500),
  /** Null: until it is taken off. */
  expiresAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
})

const Credentials = z.object({ userid: z.string().max(320), password: z.string().min(1).max(1024) })
const NewPassword = z.string().min(8).max(1024)
const SignedIn = z.object({ token: z.string(), expiresAt: z.iso.datetime(), account: Account })
/** SHA-256 of the token in hexadecimal: the token itself stays at the gateway. */
const TokenHash = z.object({ tokenHash: z.string().regex(/^[0-9a-f]{64}$/) })

export const identity = contract('identity', {
  summary: 'Accounts, their credentials and sessions, and who may not come in at all.',
  calls: {
    createProfile: command(
      {
        summary: 'Makes an account with the role customer.',
        http: 'POST /api/profiles 201',
        access: 'public',
        input: Credentials.extend({ password: NewPassword, name: z.string().trim().min(1).max(200) }),
        output: Account,
        limits: ['anonymous'],
        idempotency: 'none',
      },
      'useridTaken',
    ),
    login: command(
      {
        summary: 'Signs in: gives the token and sets the session cookie.',
        http: ['POST /api/auth/login', 'POST /authenticate'],
        access: 'public',
        input: Credentials,
        output: SignedIn,
        limits: ['anonymous', 'signIn'],
        idempotency: 'none',
        session: 'starts',
      },
      'wrongCredentials 401',
    ),
    logout: command({
      summary: 'Ends the session that makes the call.',
      http: 'POST /api/auth/logout 204',
      access: 'account',
      input: z.object({}),
      output: z.null(),
      session: 'ends',
    }),
    showMe: query({
      summary: 'The account that makes the call.',
      http: 'GET /api/me',
      access: 'account',
      input: z.object({}),
      output: Account,
    }),
    changePassword: command(
      {
        summary: "Ends the account's other sessions.",
        http: 'POST /api/me/password 204',
        access: 'account',
        input: z.object({ password: Credentials.shape.password, newPassword: NewPassword }),
        output: z.null(),
        idempotency: 'none',
      },
      'wrongCredentials 403',
    ),
    listSessions: query({
      summary: 'Sessions of the account that makes the call, newest first.',
      http: 'GET /api/me/sessions',
      access: 'account',
      input: z.object({}),
      output: z.object({
        items: z.array(
          Session.omit({ accountId: true, roles: true }).extend({
            createdAt: z.iso.datetime(),
            /** It is the one that makes the call. */
            isCurrent: z.boolean(),
          }),
        ),
      }),
    }),
    endSessions: command({
      summary: 'Ends one session of the account that makes the call, or all of them.',
      http: 'POST /api/me/sessions/end',
      access: 'account',
      input: z.object({ id: z.uuid().optional() }),
      output: z.object({ ended: z.int() }),
    }),
    setRoles: command({
      summary: 'Sessions go on with the new roles. Only an owner makes or unmakes owners.',
      http: 'PUT /api/accounts/{accountId}/roles',
      access: 'admin',
      input: z.object({ accountId: z.uuid(), roles: z.array(AccountRole).min(1).max(4) }),
      output: Account,
    }),
    showSession: query({
      summary:
        'The session of a token, null where there is none; it counts as used. A gateway asks once and remembers.',
      access: 'service',
      input: TokenHash,
      output: z.object({ session: Session.nullable() }),
    }),
    blockRange: command(
      {
        summary: 'Every gateway refuses requests from there.',
        http: 'POST /api/blocklist 201',
        access: 'admin',
        input: BlockedRange.pick({ range: true, reason: true, expiresAt: true }).partial({ expiresAt: true }),
        output: BlockedRange,
      },
      'rangeTooWide 422',
    ),
    unblockRange: command({
      http: 'DELETE /api/blocklist/{id} 204',
      access: 'admin',
      input: z.object({ id: z.uuid() }),
      output: z.null(),
    }),
    listBlockedRanges: query({
      summary: 'Newest first.',
      http: 'GET /api/blocklist',
      access: 'admin',
      input: z.object({ ...pageInput, cursor: z.uuid().optional() }),
      output: page(BlockedRange),
    }),
  },
  streams: {
    /**
     * An item comes at once, after each revocation, and each second: by then, everything up to `sequence` has been
     * told. A follower that comes back says the last `sequence` it saw and gets what it missed.
     */
    revocations: stream({
      summary: 'What gateways have to forget. Resumes after the sequence last seen.',
      access: 'service',
      sequence: ({ sequence }) => sequence,
      input: z.object({ after: z.int().nonnegative().optional() }),
      output: z.object({
        sequence: z.int().nonnegative(),
        revoked: z.array(Revocation),
        /** What came before is not known: everything remembered has to be asked anew. */
        isReset: z.boolean(),
      }),
    }),
    blocklist: stream({
      summary: 'The blocklist, pushed.',
      access: 'service',
      input: z.object({}),
      output: replicaUpdate(BlockedRange),
    }),
  },
  events: { profileCreated: event(Account) },
})
