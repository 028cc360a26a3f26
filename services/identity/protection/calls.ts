/** Who may not come in, and how often others may. */
import { pageOf } from '#platform/pages.ts'
import { audit } from '#platform/audit.ts'
import { replicaSource } from '#platform/replica/source.ts'
import type { Calls, Context, Streams } from '#services/identity/settings.ts'
import { listRanges } from '#services/identity/store/blocklist.ts'
import { listOffenders } from '#services/identity/store/offenders.ts'
import * as store from '#services/identity/store/policies.ts'
import {
  blocklist,
  blockRange,
  isTooWide,
  removeExpired as removeExpiredRanges,
  unblockRange,
} from './blocklist.ts'
import { offenders, pardonOffender, removePastOffenders, reportOffender } from './offenders.ts'

const policies = replicaSource({ topic: 'identity.policies', read: store.policies.read })

export const protectionCalls: Pick<
  Calls,
  keyof typeof import('#contracts/identity/protection.ts').protectionCalls
> = {
  async blockRange({ range, reason, expiresAt = null }, context) {
    if (isTooWide(range)) context.fail('rangeTooWide', 'It would lock out a large part of the world.')
    const blocked = await blockRange(context, { range, reason, expiresAt })
    await audit(context, 'blockRange', blocked.range, { reason, expiresAt })
    return blocked
  },
  async unblockRange({ id }, context) {
    await audit(context, 'unblockRange', id)
    return (await unblockRange(context, id)) ? null : context.fail('notFound')
  },
  async listBlockedRanges({ cursor, limit }, { db }) {
    return pageOf(await listRanges(db, { limit: limit + 1, before: cursor }), limit, ({ id }) => id)
  },
  async reportOffender(reported, context) {
    await reportOffender(context, reported)
    return null
  },
  async pardonOffender({ id }, context) {
    await audit(context, 'pardonOffender', id)
    return (await pardonOffender(context, id)) ? null : context.fail('notFound')
  },
  async listOffenders({ cursor, limit }, { db }) {
    return pageOf(await listOffenders(db, { limit: limit + 1, before: cursor }), limit, ({ id }) => id)
  },
  listPolicies: async (_input, { db }) => ({ items: await store.listPolicies(db) }),
  async setPolicy({ id, rate }, context) {
    await store.putPolicy(context.tx, { id, rate })
    await audit(context, 'setPolicy', id, { rate })
    context.afterCommit(() => policies.changed(context))
    return null
  },
}

export const protectionStreams: Pick<Streams, 'blocklist' | 'offenders' | 'policies'> = {
  blocklist: (_input, context) => blocklist.updates(context),
  offenders: (_input, context) => offenders.updates(context),
  policies: (_input, context) => policies.updates(context),
}

export async function removeExpired(context: Context): Promise<void> {
  await removeExpiredRanges(context)
  await removePastOffenders(context)
}
