/** The other side of a pushed table: a copy that is as new as the network allows and outlives its owner's absence. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplicaUpdate } from '#contracts/replica.ts'
import type { Logger } from '#platform/log.ts'
import { counter, gauge } from '#platform/metrics.ts'
import type { Place } from './source.ts'
import { Table, type ReplicaRow } from './table.ts'

/** A beat is due each second. */
const silenceMs = 3_000
const firstDelayMs = 50
const longestDelayMs = 1_000
/** Removals remembered, the newest. */
const mostRemoved = 10_000

export interface Replica<Row extends ReplicaRow> extends AsyncDisposable {
  /** Empty until the owner was first heard. The same map always; it changes before listeners are told. */
  readonly rows: ReadonlyMap<string, Row>
  /** Undefined until the owner was first heard. */
  readonly place: Place | undefined
  /** Time since the owner was last heard; Infinity before the first time. */
  readonly staleMs: number
  /** Told after each change of the rows; gives the way to stop being told. */
  onChange(listener: () => void): () => void
  /** Resolves when the owner was first heard, or after `timeoutMs`. */
  heard(timeoutMs: number): Promise<void>
}

export interface FollowOptions<Row extends ReplicaRow> {
  /** For metrics and log lines. */
  name: string
  /** Opens the owner's stream: `(signal) => client.instances({}, { signal })`. */
  open(signal: AbortSignal): AsyncIterable<ReplicaUpdate<Row>>
  log: Logger
}

/** Follows until disposed of; reconnects for ever. */
export function follow<Row extends ReplicaRow>(options: FollowOptions<Row>): Replica<Row> {
  return new Follower(options)
}

class Follower<Row extends ReplicaRow> implements Replica<Row> {
  readonly #options: FollowOptions<Row>
  readonly #rows = new Map<string, Row>()
  readonly #removed = new Set<string>()
  readonly #listeners = new Set<() => void>()
  readonly #stopping = new AbortController()
  readonly #firstHeard = Promise.withResolvers<void>()
  readonly #running: Promise<void>
  /** As the owner has it: without rows that are kept while its table is incomplete. */
  #owned = new Table<Row>()
  /** Of a snapshot that has begun. */
  #parts: Row[] = []
  #place: Place | undefined
  #heardAt = -Infinity
  #failures = 0

  constructor(options: FollowOptions<Row>) {
    this.#options = options
    this.#running = this.#run(this.#stopping.signal)
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }

  get place(): Place | undefined {
    return this.#place
  }

  get staleMs(): number {
    return performance.now() - this.#heardAt
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async heard(timeoutMs: number): Promise<void> {
    const patience = new AbortController()
    await Promise.race([
      this.#firstHeard.promise,
      sleep(timeoutMs, undefined, { signal: patience.signal, ref: false }).catch(() => undefined),
    ])
    patience.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const { name, log } = this.#options
    while (!stopping.aborted) {
      try {
        await this.#followOnce(stopping)
      } catch (error) {
        if (stopping.aborted) return
        if (error instanceof Divergence) {
          divergences.inc({ table: name })
          log.warn({ table: name, reason: error.message }, 'a change of the table was missed: read anew')
        } else log.debug({ err: error, table: name }, 'the table can not be followed')
      }
      const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#failures++)
      await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal: stopping }).catch(() => undefined)
    }
  }

  async #followOnce(stopping: AbortSignal): Promise<void> {
    const silence = new AbortController()
    const timer = setTimeout(() => silence.abort(), silenceMs)
    this.#parts = []
    try {
      for await (const update of this.#options.open(AbortSignal.any([stopping, silence.signal]))) {
        timer.refresh()
        this.#take(update)
        if (stopping.aborted) return
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #take(update: ReplicaUpdate<Row>): void {
    this.#heardAt = performance.now()
    if (update.kind === 'snapshot') {
      this.#parts.push(...update.rows)
      if (update.remaining > 0) return
    }
    const hasChanged = this.#apply(update)
    if (this.#owned.digest !== update.digest) throw new Divergence(`the digest of the ${update.kind} differs`)
    revisions.set({ table: this.#options.name }, update.revision)
    if (hasChanged) for (const listener of this.#listeners) listener()
    if (update.kind !== 'snapshot') return
    this.#failures = 0
    this.#firstHeard.resolve()
  }

  /** Whether rows have changed. */
  #apply(update: ReplicaUpdate<Row>): boolean {
    switch (update.kind) {
      case 'snapshot':
        return this.#replace(update)
      case 'change':
        if (update.since !== this.#place?.revision)
          throw new Divergence(`a change since ${update.since} came at ${this.#place?.revision}`)
        this.#place = { ...this.#place, revision: update.revision }
        for (const row of update.put) this.#put(row)
        for (const id of update.removed) this.#remove(id)
        return true
      case 'beat':
        if (update.revision !== this.#place?.revision)
          throw new Divergence(`revision ${update.revision} without the change to it`)
        return false
    }
  }

  #replace(snapshot: ReplicaUpdate<Row> & { kind: 'snapshot' }): boolean {
    const { epoch, revision, isComplete } = snapshot
    // Whoever is in a table that was begun anew has registered there.
    if (epoch !== this.#place?.epoch) this.#removed.clear()
    this.#place = { epoch, revision }
    this.#owned = new Table()
    for (const row of this.#parts.splice(0)) this.#put(row)
    if (isComplete) for (const id of this.#rows.keys()) if (!this.#owned.rows.has(id)) this.#remove(id)
    return true
  }

  #put(row: Row): void {
    this.#owned.put(row)
    if (!this.#removed.has(row.id)) this.#rows.set(row.id, row)
  }

  #remove(id: string): void {
    this.#owned.remove(id)
    this.#rows.delete(id)
    this.#removed.add(id)
    if (this.#removed.size <= mostRemoved) return
    const [oldest] = this.#removed
    this.#removed.delete(oldest!)
  }
}

/** What the owner says does not fit what the follower holds. */
class Divergence extends Error {
  override name = 'Divergence'
}

const divergences = counter('dakghar_replica_divergences_total', 'Pushed tables that had to be read anew.', [
  'table',
])
const revisions = gauge('dakghar_replica_revision', 'Revision of the copy of a pushed table.', ['table'])
