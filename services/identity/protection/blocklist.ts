/** Addresses that may not come in, pushed to every gateway. */
import { v7 } from 'uuid'
import { replicaSource } from '#platform/replica/source.ts'
import type { CommandContext, ServiceContext } from '#platform/service.ts'
import {
  blockedRanges,
  insertRange,
  removeExpiredRanges,
  removeRange,
} from '#services/identity/store/blocklist.ts'
import type { BlockedRangeRow } from '#services/identity/store/blocklist.ts'

export const blocklist = replicaSource({ topic: 'identity.blocklist', read: blockedRanges.read })

/** A wider one is a slip of the hand that locks out whole continents. */
const shortestPrefix = { v4: 8, v6: 16 }

export function isTooWide(range: string): boolean {
  const prefix = range.split('/')[1]
  return prefix !== undefined && Number(prefix) < shortestPrefix[range.includes(':') ? 'v6' : 'v4']
}

export async function blockRange(
  context: CommandContext,
  range: Pick<BlockedRangeRow, 'range' | 'reason' | 'expiresAt'>,
): Promise<BlockedRangeRow> {
  const blocked = await insertRange(context.tx, { id: v7(), ...range })
  context.afterCommit(() => blocklist.changed(context))
  return blocked
}

/** Whether it was there. */
export async function unblockRange(context: CommandContext, id: string): Promise<boolean> {
  const wasThere = await removeRange(context.tx, id)
  context.afterCommit(() => blocklist.changed(context))
  return wasThere
}

/** A follower that was away for longer reads the whole list. */
const keptRemovalDays = 1

/** Gateways let an address in by themselves when its time is over; this tidies up. */
export async function removeExpired(context: ServiceContext): Promise<void> {
  const removed = await context.db.transaction().execute(removeExpiredRanges)
  if (removed > 0) blocklist.changed(context)
  await blockedRanges.forget(context.db, keptRemovalDays)
}
