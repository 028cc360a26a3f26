/** The other side of a pushed table: a copy that is as new as the network allows and outlives its owner's absence. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplicaUpdate } from '#contracts/replica.ts'
import { keepReading } from '#platform/kept-stream.ts'
import type { Logger } from '#platform/log.ts'
import { counter, gauge } from '#platform/metrics.ts'
import type { Place } from './source.ts'
import { Table, type ReplicaRow } from './table.ts'

const firstDelayMs = 50
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
  readonly #firstHeard = Promise.withResolvers<void>()
  readonly #reading: AsyncDisposable
  /** As the owner has it: without rows that are kept while its table is incomplete. */
  #owned = new Table<Row>()
  /** Of a snapshot that has begun. */
  #parts: Row[] = []
  #place: Place | undefined
  #heardAt = -Infinity

  constructor(options: FollowOptions<Row>) {
    this.#options = options
    this.#reading = keepReading({
      open: (signal) => {
        this.#parts = []
        return options.open(signal)
      },
      take: (update: ReplicaUpdate<Row>) => this.#take(update),
      onBreak: (error) => this.#note(error),
      firstDelayMs,
    })
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
    await this.#reading[Symbol.asyncDispose]()
  }

  #note(error: unknown): void {
    const { name, log } = this.#options
    if (!(error instanceof Divergence))
      return log.debug({ err: error, table: name }, 'the table can not be followed')
    divergences.inc({ table: name })
    log.warn({ table: name, reason: error.message }, 'a change of the table was missed: read anew')
  }

  /** Gives whether a snapshot is whole. */
  #take(update: ReplicaUpdate<Row>): boolean {
    this.#heardAt = performance.now()
    if (update.kind === 'snapshot') {
      this.#parts.push(...update.rows)
      if (update.remaining > 0) return false
    }
    const hasChanged = this.#apply(update)
    if (this.#owned.digest !== update.digest) throw new Divergence(`the digest of the ${update.kind} differs`)
    revisions.set({ table: this.#options.name }, update.revision)
    if (hasChanged) for (const listener of this.#listeners) listener()
    if (update.kind !== 'snapshot') return false
    this.#firstHeard.resolve()
    return true
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
