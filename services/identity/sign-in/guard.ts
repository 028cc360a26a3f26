/**
 * What wrong passwords lead to. From an address or device they came from, others wait less (`hash-queue.ts`). For an
 * account they add up, and when there are too many, devices that nobody has signed in from can't any more; those that
 * are known, passkeys and a password of a moment ago still can. So nobody can lock somebody else out.
 */
import { identity } from '#contracts/identity.ts'
import type { Context } from '#services/identity/settings.ts'
import { addPasswordFailures, tryFactor } from '#services/identity/store/failures.ts'
import { deviceHashOf, type DeviceFacts } from './devices.ts'
import { failedAttempts, networkOf } from './failed-attempts.ts'
import type { Lane } from './hash-queue.ts'

/** In 24 hours, from devices that are not known. */
export const mostFailures = 100
/** In 24 hours. Of a million codes three are right at any time: who knows the password has to guess for thirty years. */
const mostFactorTries = 30

/** Where somebody stands in the line for a hash. A known device that guesses counts as any other. */
export function laneOf(device: DeviceFacts | undefined, isKnownDevice: boolean): Lane {
  const [network, token] = sourcesOf(device)
  if (isKnownDevice && !failedAttempts.isSuspect(token!)) return 'known'
  return network !== undefined && failedAttempts.isSuspect(network) ? 'suspect' : 'new'
}

/** `accountIds` are those whose password was tried from a device that they don't know. */
export function noteFailure(
  context: Pick<Context, 'own'>,
  device: DeviceFacts | undefined,
  accountIds: readonly string[],
): void {
  for (const source of sourcesOf(device)) if (source !== undefined) failedAttempts.add(source)
  for (const accountId of accountIds) countLater(context.own, accountId)
}

/** Counts a try before it is checked; one that is right is forgiven. False when there were too many. */
export function mayTryFactor({ db }: Pick<Context, 'db'>, accountId: string): Promise<boolean> {
  return tryFactor(db, accountId, mostFactorTries)
}

/** The network, and the device's token. */
function sourcesOf(device: DeviceFacts | undefined): [string | undefined, string | undefined] {
  return [networkOf(device?.address ?? ''), deviceHashOf(device)?.toString('hex')]
}

/** Not yet written, by the service's own context, which each host has one of. */
const uncounted = new WeakMap<object, Map<string, number>>()
/** Written so much later, so that the time of an answer does not tell whether there was something to count. */
const countAfterMs = 500

function countLater(own: Context, accountId: string): void {
  const pending = uncounted.get(own)
  if (pending) return void pending.set(accountId, (pending.get(accountId) ?? 0) + 1)
  const counts = new Map([[accountId, 1]])
  uncounted.set(own, counts)
  const count = () => {
    uncounted.delete(own)
    writeCounts(own, counts).catch((error: unknown) => own.log.warn({ err: error }, 'failures not counted'))
  }
  setTimeout(count, countAfterMs).unref()
}

/** Whoever's account comes to the limit is told, once a day. */
async function writeCounts({ db, bus }: Context, counts: ReadonlyMap<string, number>): Promise<void> {
  const day = new Date().toISOString().slice(0, 10)
  await db.transaction().execute(async (tx) => {
    const counted = await addPasswordFailures(tx, counts)
    const reached = counted.filter(
      ({ failures, added }) => failures >= mostFailures && failures - added < mostFailures,
    )
    const notices = reached.map(({ accountId }) => ({
      requestId: `sign_in_attempts:${accountId}:${day}`,
      accountId,
      template: 'sign_in_attempts',
      variables: {},
    }))
    if (notices.length > 0) await bus.publish(tx, identity.events.noticeDue, notices)
  })
  bus.committed()
}
