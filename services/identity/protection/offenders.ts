/** Spam addresses: marked by one gateway, they are marked at every other one, also at those that start later. */
import { v7 } from 'uuid'
import { replicaSource } from '#platform/replica/source.ts'
import type { CommandContext, ServiceContext } from '#platform/service.ts'
import * as store from '#services/identity/store/offenders.ts'

export const offenders = replicaSource({ topic: 'identity.offenders', read: store.offenders.read })

export async function reportOffender(
  context: CommandContext,
  reported: Pick<store.OffenderRow, 'address' | 'state' | 'until'>,
): Promise<void> {
  if (await store.putOffender(context.tx, { id: v7(), ...reported }))
    context.afterCommit(() => offenders.changed(context))
}

/** Whether it was there. */
export async function pardonOffender(context: CommandContext, id: string): Promise<boolean> {
  const wasThere = await store.removeOffender(context.tx, id)
  context.afterCommit(() => offenders.changed(context))
  return wasThere
}

/** As many as a gateway remembers. */
const mostOffenders = 10_000
/** A follower that was away for longer reads the whole table. */
const keptRemovalDays = 1

/** Gateways let an address in by themselves when its time is over; this tidies up. */
export async function removePastOffenders(context: ServiceContext): Promise<void> {
  const removed = await context.db.transaction().execute((tx) => store.removePastOffenders(tx, mostOffenders))
  if (removed > 0) offenders.changed(context)
  await store.offenders.forget(context.db, keptRemovalDays)
}
