/**
 * The leases that this registry holds. A lease is an open stream that is renewed: it ends with its connection, or after
 * 3 s of silence, and its instance is removed at once. If most end together, none of them is believed: those instances
 * stay in doubt until they come back or it is proven that nobody is at their address.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { standardError } from '#contracts/errors.ts'
import { memory } from '#platform/memory.ts'
import { counter, gauge } from '#platform/metrics.ts'
import type { QueryContext, ServiceContext } from '#platform/service.ts'
import { isMassLoss } from './preservation.ts'
import type { Probe } from './probe.ts'
import {
  adoptOrphans,
  heldBy,
  openRegistry,
  registerInstance,
  setState,
  touchRegistry,
  type Announced,
  type Held,
} from './store/leases.ts'
import { lapsedForeign } from './store/foreign.ts'
import { removeInstances } from './store/table.ts'
import { instances } from './table.ts'

/** Silence is counted in ticks: while our own event loop stands still, no beat could have been heard. */
const tickMs = 250
const lateTicks = 6
const silentTicks = 12
/** Losses that come together are judged together. */
const judgeAfterMs = 5
const probeTimeoutMs = 1_000

interface Lease {
  state: Announced['state']
  revision: number
  silentTicks: number
  end(): void
}

export const leasesOf = memory((context) => new Leases(context))

class Leases {
  readonly #context: ServiceContext
  readonly #holderId = randomUUID()
  readonly #held = new Map<string, Lease>()
  /** Ended, and not judged yet. */
  #lost: string[] = []
  /** Kept though their lease has ended. */
  readonly #doubted = new Set<string>()
  /** To be removed as soon as the database takes it. */
  readonly #condemned = new Set<string>()
  #removing = Promise.resolve()
  #opening: Promise<void> | undefined
  #isStopping = false

  constructor(context: ServiceContext) {
    this.#context = context
  }

  /** Before that a table that was lost can't be told from one where nobody is: nobody may see it. */
  open(): Promise<void> {
    this.#opening ??= openRegistry(this.#context.db, this.#holderId).catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Registers the instance and gives its revision; ends when the lease does. Throws `conflict` for a removed id. */
  async *hold(announced: Announced, { signal }: QueryContext): AsyncGenerator<{ revision: number }> {
    const { db } = this.#context
    const { id, state } = announced
    if (this.#isStopping) throw standardError('unavailable', 'This registry is leaving.')
    await this.open()
    const revision = await registerInstance(db, announced, this.#holderId)
    if (revision === undefined) throw standardError('conflict', 'The id was removed. Take a new one.')
    instances.changed(this.#context)

    const ended = Promise.withResolvers<void>()
    const lease: Lease = { state, revision, silentTicks: 0, end: ended.resolve }
    this.#held.get(id)?.end()
    this.#held.set(id, lease)
    this.#doubted.delete(id)
    this.#condemned.delete(id)
    signal.addEventListener('abort', lease.end)
    try {
      yield { revision }
      if (!signal.aborted) await ended.promise
    } finally {
      if (this.#held.get(id) === lease) this.#lose(id, lease)
    }
  }

  /** Undefined when the lease is not held here. */
  async renew(id: string, state: Announced['state']): Promise<number | undefined> {
    const lease = this.#held.get(id)
    if (!lease) return undefined
    lease.silentTicks = 0
    if (lease.state === state) return lease.revision
    const revision = await setState(this.#context.db, id, state, this.#holderId)
    if (revision === undefined) return undefined
    instances.changed(this.#context)
    return Object.assign(lease, { state, revision }).revision
  }

  /** Watches the leases until `stopping`; then every stream ends and the instances are left to another registry. */
  run(probe: Probe, stopping: AbortSignal): AsyncDisposable {
    this.#isStopping = false
    const stop = () => {
      this.#isStopping = true
      for (const lease of this.#held.values()) lease.end()
    }
    stopping.addEventListener('abort', stop, { once: true })
    const stopped = new AbortController()
    const ticking = setInterval(() => this.#tick(), tickMs)
    const watching = this.#watch(probe, stopped.signal)
    this.#measure()
    return {
      [Symbol.asyncDispose]: async () => {
        stopping.removeEventListener('abort', stop)
        clearInterval(ticking)
        stopped.abort()
        await watching
        await this.#removing
      },
    }
  }

  #tick(): void {
    for (const [id, lease] of this.#held)
      if (++lease.silentTicks === silentTicks) {
        this.#context.log.info({ id }, 'an instance is silent: its lease ends')
        lease.end()
      }
  }

  #lose(id: string, { state }: Lease): void {
    this.#held.delete(id)
    if (state === 'draining') return this.#condemn([id], 'they left')
    if (this.#isStopping) return
    if (this.#lost.push(id) === 1) setTimeout(() => this.#judge(this.#lost.splice(0)), judgeAfterMs)
  }

  #judge(ids: readonly string[]): void {
    if (!this.#isMassLoss(ids.length)) return this.#condemn(ids, 'their leases were lost')
    this.#context.log.warn(
      { lost: ids.length, held: this.#held.size },
      'most leases are lost at once: their instances stay until they are proven dead',
    )
    massLosses.inc()
    for (const id of ids) this.#doubted.add(id)
  }

  #isMassLoss(newlyLost = 0): boolean {
    const lost = newlyLost + this.#doubted.size
    const held = this.#held.size
    const late = this.#held.values().filter((lease) => lease.silentTicks >= lateTicks)
    return isMassLoss({ lost, late: [...late].length, held })
  }

  #condemn(ids: readonly string[], reason: string): void {
    this.#context.log.info({ ids, reason }, 'instances are removed')
    for (const id of ids) {
      this.#doubted.delete(id)
      this.#condemned.add(id)
    }
    void this.#removeCondemned()
  }

  #removeCondemned(): Promise<void> {
    return (this.#removing = this.#removing.then(() => this.#remove()))
  }

  /** What can't be removed because the database is away is tried again. */
  async #remove(): Promise<void> {
    const ids = [...this.#condemned]
    this.#condemned.clear()
    try {
      const removed = await removeInstances(this.#context.db, ids, { holderId: this.#holderId })
      if (removed.length > 0) instances.changed(this.#context)
    } catch (error) {
      for (const id of ids) this.#condemned.add(id)
      this.#context.log.warn({ err: error, ids }, 'instances can not be removed yet')
    }
  }

  async #watch(probe: Probe, stopped: AbortSignal): Promise<void> {
    let isAway = false
    while (!stopped.aborted) {
      try {
        await this.#look(probe)
        isAway = false
      } catch (error) {
        if (!isAway) this.#context.log.warn({ err: error }, 'leases can not be looked after')
        isAway = true
      }
      await sleep(1_000, undefined, { signal: stopped }).catch(() => undefined)
    }
  }

  async #look(probe: Probe): Promise<void> {
    const { db } = this.#context
    await this.open()
    await touchRegistry(db, this.#holderId)
    if (this.#condemned.size > 0) await this.#removeCondemned()
    const orphans = await adoptOrphans(db, this.#holderId)
    if (orphans.length > 0) {
      this.#context.log.info(
        { ids: orphans.map(({ id }) => id) },
        'a registry is gone, and its instances did not come back',
      )
      this.#judge(orphans.map(({ id }) => id))
    }
    const lapsed = await removeInstances(db, await lapsedForeign(db, this.#holderId))
    if (lapsed.length > 0) instances.changed(this.#context)

    // Others may come while the database answers.
    const [held, doubted] = [[...this.#held], [...this.#doubted]]
    const known = await heldBy(db, this.#holderId, [...held.map(([id]) => id), ...doubted])
    const knownIds = new Set(known.map(({ id }) => id))
    // Removed by somebody else, or moved to another registry.
    for (const [id, lease] of held) if (!knownIds.has(id)) lease.end()
    for (const id of doubted) if (!knownIds.has(id)) this.#doubted.delete(id)
    await Promise.all(known.filter(({ id }) => this.#doubted.has(id)).map((one) => this.#examine(one, probe)))
  }

  /** Somebody who refuses proves that the instance is gone; silence proves it only while most others are heard. */
  async #examine({ id, address }: Held, probe: Probe): Promise<void> {
    const result = await probe(address, probeTimeoutMs)
    if (!this.#doubted.has(id) || result === 'answers') return
    if (result === 'refuses' || !this.#isMassLoss()) this.#condemn([id], `in doubt, and ${result}`)
  }

  #measure(): void {
    gauge('dakghar_registry_leases', 'Leases that this registry holds, or doubts.', ['kind'], (metric) => {
      metric.set({ kind: 'held' }, this.#held.size)
      metric.set({ kind: 'doubted' }, this.#doubted.size)
    })
  }
}

const massLosses = counter(
  'dakghar_registry_mass_losses_total',
  'How often most leases were lost at once and not believed.',
)
