/** Who may not come in, and how often others may: kept here, pushed to every gateway. */
import { z } from 'zod'
import { command, page, pageInput, query, stream } from '../contract.ts'
import { replicaUpdate } from '../replica.ts'

/** One address, `203.0.113.9`, or a range in CIDR notation, `2001:db8::/32` (RFC 4632 §3.1, RFC 4291 §2.3). */
export const BlockedRange = z.object({
  id: z.uuid(),
  range: z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]),
  reason: z.string().max(500),
  /** Null: until it is taken off. */
  expiresAt: z.iso.datetime().nullable(),
  createdAt: z.iso.datetime(),
})

/** A spam address: it kept being refused, or sent what is no HTTP. */
export const Offender = z.object({
  id: z.uuid(),
  /** An IPv4 address, or the /64 of an IPv6 one. */
  address: z.string().max(64),
  state: z.enum(['slowed', 'blocked']),
  until: z.iso.datetime(),
  createdAt: z.iso.datetime(),
})

/** A limit of the gateways, `100/15m` or `none`; without one the setting of the same name counts. */
export const PolicyName = z.enum(['LIMIT_ANONYMOUS', 'LIMIT_SIGN_IN', 'LIMIT_ACCOUNT', 'LIMIT_SERVICE_KEY'])
export const Policy = z.object({
  id: PolicyName,
  rate: z.string().regex(/^(none|[1-9]\d{0,8}\/[1-9]\d{0,4}[smh])$/, 'is like 100/15m, or none'),
})

/** A row stays when its policy goes: an id that was removed never comes back to who follows. */
export const PushedPolicy = Policy.extend({ rate: Policy.shape.rate.nullable() })

export const protectionCalls = {
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
  reportOffender: command({
    summary: 'A gateway has marked an address; every other one does so too.',
    access: 'service',
    input: Offender.pick({ address: true, state: true, until: true }),
    output: z.null(),
  }),
  pardonOffender: command({
    http: 'DELETE /api/offenders/{id} 204',
    access: 'admin',
    input: z.object({ id: z.uuid() }),
    output: z.null(),
  }),
  listOffenders: query({
    summary: 'Those that are marked now, newest first.',
    http: 'GET /api/offenders',
    access: 'admin',
    input: z.object({ ...pageInput, cursor: z.uuid().optional() }),
    output: page(Offender),
  }),
  listPolicies: query({
    summary: 'Limits that count instead of the settings.',
    http: 'GET /api/policies',
    access: 'admin',
    input: z.object({}),
    output: z.object({ items: z.array(Policy) }),
  }),
  setPolicy: command({
    summary: 'Counts at every gateway within a second. Null: the setting counts again.',
    http: 'PUT /api/policies/{id} 204',
    access: 'admin',
    input: z.object({ id: PolicyName, rate: Policy.shape.rate.nullable() }),
    output: z.null(),
  }),
}

export const protectionStreams = {
  blocklist: stream({
    summary: 'The blocklist, pushed.',
    access: 'service',
    input: z.object({}),
    output: replicaUpdate(BlockedRange),
  }),
  offenders: stream({
    summary: 'Marked addresses, pushed.',
    access: 'service',
    input: z.object({}),
    output: replicaUpdate(Offender),
  }),
  policies: stream({
    summary: 'The policies, pushed. Without a rate: the setting counts again.',
    access: 'service',
    input: z.object({}),
    output: replicaUpdate(PushedPolicy),
  }),
}
