/** Tells gateways what to forget. The table is the truth; a signal only says when to look. */
import type { OutputOf } from '#contracts/client.ts'
import type { identity } from '#contracts/identity.ts'
import type { CommandContext, QueryContext } from '#platform/service.ts'
import { createBell } from '#platform/signals/bell.ts'
import type { Signals } from '#platform/signals/signals.ts'
import {
  insertRevocations,
  readRevocations,
  type RevocationRow,
} from '#services/identity/store/revocations.ts'

const topic = 'identity.revocations'
/** How late a revocation is told when the signal for it is lost, and how often a stream says that it lives. */
const beatMs = 1000
/** Whoever missed more forgets everything instead. */
const mostMissed = 10_000

/** Holds up others that revoke until the transaction ends: call it last. */
export async function revoke(
  context: Pick<CommandContext, 'tx' | 'signals' | 'afterCommit'>,
  revoked: readonly RevocationRow[],
): Promise<void> {
  if (revoked.length === 0) return
  await insertRevocations(context.tx, revoked)
  context.afterCommit(() => announceRevocations(context.signals))
}

/** To be called when revocations are committed: the streams of every process tell them at once. */
export function announceRevocations(signals: Signals): void {
  signals.send(topic)
}

/** As the contract says, until the signal of the context aborts. */
export async function* followRevocations(
  { after }: { after?: number | undefined },
  { db, signals, signal }: QueryContext,
): AsyncGenerator<OutputOf<typeof identity.streams.revocations>> {
  using bell = createBell(signals, topic, signal)
  let seen = after
  while (!signal.aborted) {
    const { sequence, revoked } = await readRevocations(db, seen ?? Number.MAX_SAFE_INTEGER, mostMissed)
    // Sequences are contiguous: where some are missing, they are too old or too many.
    const isReset = seen === undefined || revoked.length !== sequence - seen
    yield { sequence, revoked: isReset ? [] : revoked, isReset }
    seen = sequence
    await bell.rung(beatMs)
  }
}
