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
})

/** What a credential proves, for the gateways' memory. */
export const Session = z.object({
  id: z.uuid(),
  accountId: z.uuid(),
  roles: z.array(AccountRole),
  expiresAt: z.iso.datetime(),
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
const SignedIn = z.object({ token: z.string(), expiresAt: z.iso.datetime(), account: Account })
/** SHA-256 of the token in hexadecimal: the token itself stays at the gateway. */
const TokenHash = z.object({ tokenHash: z.string().regex(/^[0-9a-f]{64}$/) })

export const identity = contract('identity', {
  summary: 'Accounts, their credentials and sessions, and who may not come in at all.',
  calls: {
    createProfile: command(
      {
        http: 'POST /api/profiles 201',
        access: 'public',
        input: Credentials.extend({ name: z.string().min(1).max(200) }),
        output: Account,
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
        idempotency: 'none',
      },
      'wrongCredentials 401',
    ),
    logout: command({
      http: 'POST /api/auth/logout 204',
      access: 'account',
      input: z.object({}),
      output: z.null(),
    }),
    showMe: query({ http: 'GET /api/me', access: 'account', input: z.object({}), output: Account }),
    listSessions: query({
      http: 'GET /api/me/sessions',
      access: 'account',
      input: z.object({}),
      output: z.object({ items: z.array(Session.extend({ createdAt: z.iso.datetime() })) }),
    }),
    endSessions: command({
      summary: 'Ends one session of the caller, or all of them.',
      http: 'POST /api/me/sessions/end',
      access: 'account',
      input: z.object({ id: z.uuid().optional() }),
      output: z.object({ ended: z.int() }),
    }),
    setRoles: command({
      summary: 'Sessions go on with the new roles.',
      http: 'PUT /api/accounts/{accountId}/roles',
      access: 'admin',
      input: z.object({ accountId: z.uuid(), roles: z.array(AccountRole).min(1) }),
      output: Account,
    }),
    showSession: query({
      summary: 'Whose token it is. Asked by a gateway that sees it for the first time.',
      access: 'service',
      input: TokenHash,
      output: z.object({ session: Session.nullable() }),
    }),
    blockRange: command({
      summary: 'Every gateway refuses requests from there.',
      http: 'POST /api/blocklist 201',
      access: 'admin',
      input: BlockedRange.pick({ range: true, reason: true, expiresAt: true }).partial({ expiresAt: true }),
      output: BlockedRange,
    }),
    unblockRange: command({
      http: 'DELETE /api/blocklist/{id} 204',
      access: 'admin',
      input: z.object({ id: z.uuid() }),
      output: z.null(),
    }),
    listBlockedRanges: query({
      http: 'GET /api/blocklist',
      access: 'admin',
      input: z.object({ ...pageInput, cursor: z.uuid().optional() }),
      output: page(BlockedRange),
    }),
  },
  streams: {
    revocations: stream({
      summary:
        'Sessions whose remembered identity is not true any more: ended, or of other roles. The first item says that the stream is open, the rest that it still is.',
      access: 'service',
      input: z.object({}),
      output: z.object({ sessionIds: z.array(z.uuid()), accountIds: z.array(z.uuid()) }),
    }),
    blocklist: stream({
      summary: 'The blocklist, pushed.',
      access: 'service',
      input: z.object({}),
      output: replicaUpdate(BlockedRange),
    }),
  },
  events: {
    profileCreated: event(Account),
    sessionsRevoked: event(z.object({ sessionIds: z.array(z.uuid()), accountIds: z.array(z.uuid()) })),
  },
})
