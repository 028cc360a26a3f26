/** The owner's side of a pushed table: reads it from Postgres and sends what changes to every follower. */
import type { ReplicaUpdate } from '#contracts/replica.ts'
import type { Database } from '#platform/database/database.ts'
import { memory } from '#platform/memory.ts'
import type { QueryContext, ServiceContext } from '#platform/service.ts'
import { Inbox } from './inbox.ts'
import { Table, type ReplicaRow } from './table.ts'

/** How often followers hear of it when nothing changes, and how late a change is seen whose signal was lost. */
const beatMs = 1_000
/** Rows in one item, so that an item fits a frame. */
const mostRows = 1_000
/** A follower this far behind is cut off; it comes back for a snapshot. */
const mostWaiting = 1_000

export interface Place {
  epoch: string
  revision: number
}

/** The table, or what changed of it, at one moment of the database. */
export interface Reading<Row> extends Place {
  /** `put` is the whole table. */
  isWhole: boolean
  put: Row[]
  removed: string[]
  /** As in a snapshot. */
  isComplete: boolean
}

export interface ReplicaOptions<Row> {
  /** The signal that says that something was committed. */
  topic: string
  /**
   * What changed since that place; the whole table where there is none, where its epoch is another one, and where
   * nobody knows any more what changed.
   */
  read(db: Database, since: Place | undefined): Promise<Reading<Row>>
}

export interface ReplicaSource<Row extends ReplicaRow> {
  /** The stream of one follower, as `contracts/replica.ts` says. */
  updates(context: QueryContext): AsyncGenerator<ReplicaUpdate<Row>>
  /** To be called after the commit of a change: the followers of every process get it at once. */
  changed(context: ServiceContext): void
}

export function replicaSource<Row extends ReplicaRow>(options: ReplicaOptions<Row>): ReplicaSource<Row> {
  const publisherOf = memory((context) => new Publisher(options, context))
  return {
    async *updates(context) {
      const publisher = publisherOf(context)
      const inbox = await publisher.join()
      try {
        yield* inbox.items(context.signal)
      } finally {
        publisher.leave(inbox)
      }
    },
    changed: ({ signals }) => signals.send(options.topic),
  }
}

/** The copy of the table in one process, kept fresh while somebody follows. */
class Publisher<Row extends ReplicaRow> {
  readonly #options: ReplicaOptions<Row>
  readonly #context: ServiceContext
  readonly #inboxes = new Set<Inbox<ReplicaUpdate<Row>>>()
  #table = new Table<Row>()
  #place: Place | undefined
  #isComplete = false
  #reading: Promise<void> | undefined
  #isStale = false
  #isAway = false
  #stop: (() => void) | undefined

  constructor(options: ReplicaOptions<Row>, context: ServiceContext) {
    this.#options = options
    this.#context = context
  }

  /** Begins with a snapshot. Rejects when the table can't be read and was never read. */
  async join(): Promise<Inbox<ReplicaUpdate<Row>>> {
    await this.#refresh().catch((error: unknown) => {
      if (!this.#place) throw error
    })
    this.#stop ??= this.#start()
    const inbox = new Inbox<ReplicaUpdate<Row>>(mostWaiting)
    this.#inboxes.add(inbox)
    for (const part of this.#snapshot()) inbox.push(part)
    return inbox
  }

  leave(inbox: Inbox<ReplicaUpdate<Row>>): void {
    this.#inboxes.delete(inbox)
    if (this.#inboxes.size > 0) return
    this.#stop?.()
    this.#stop = undefined
  }

  #start(): () => void {
    const { signals } = this.#context
    const look = () => void this.#refresh().catch((error: unknown) => this.#complain(error))
    const beat = () => {
      this.#send({ kind: 'beat', revision: this.#place!.revision, digest: this.#table.digest })
      look()
    }
    const timer = setInterval(beat, beatMs)
    const stops = [signals.listen(this.#options.topic, look), signals.onGap(look)]
    return () => {
      clearInterval(timer)
      for (const stop of stops) stop()
    }
  }

  /** Resolves when the table is as new as this call. */
  async #refresh(): Promise<void> {
    this.#isStale = true
    this.#reading ??= this.#readUntilFresh().finally(() => (this.#reading = undefined))
    await this.#reading
  }

  async #readUntilFresh(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false
      this.#take(await this.#options.read(this.#context.db, this.#place))
      this.#isAway = false
    }
  }

  #take({ epoch, revision, isWhole, put, removed, isComplete }: Reading<Row>): void {
    const since = this.#place?.revision
    if (isWhole) this.#table = new Table(put)
    else {
      for (const row of put) this.#table.put(row)
      for (const id of removed) this.#table.remove(id)
    }
    const isSnapshot = isWhole || isComplete !== this.#isComplete || put.length + removed.length > mostRows
    this.#place = { epoch, revision }
    this.#isComplete = isComplete
    if (isSnapshot) for (const part of this.#snapshot()) this.#send(part)
    else if (revision !== since)
      this.#send({ kind: 'change', since: since!, revision, digest: this.#table.digest, put, removed })
  }

  #snapshot(): ReplicaUpdate<Row>[] {
    const rows = [...this.#table.rows.values()]
    const { digest } = this.#table
    const count = Math.max(1, Math.ceil(rows.length / mostRows))
    return Array.from({ length: count }, (_, i) => ({
      kind: 'snapshot',
      ...this.#place!,
      digest,
      rows: rows.slice(i * mostRows, (i + 1) * mostRows),
      remaining: Math.max(0, rows.length - (i + 1) * mostRows),
      isComplete: this.#isComplete,
    }))
  }

  #send(update: ReplicaUpdate<Row>): void {
    for (const inbox of this.#inboxes) inbox.push(update)
  }

  /** Once while the database is away. */
  #complain(error: unknown): void {
    if (this.#isAway) return
    this.#isAway = true
    this.#context.log.warn({ err: error, topic: this.#options.topic }, 'the table can not be read')
  }
}
