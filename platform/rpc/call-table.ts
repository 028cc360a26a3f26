/** How late a deadline may be noticed. */
const sweepIntervalMs = 25

/**
 * What is running on one connection, by call id. One timer watches every deadline: a timer of its own costs each
 * call more than all the rest of its bookkeeping.
 */
export class CallTable<Entry extends { deadlineAt: number }> {
  readonly #entries = new Map<number, Entry>()
  readonly #onDeadline: (id: number, entry: Entry) => void
  #timer: NodeJS.Timeout | undefined

  /** `onDeadline` is told of entries whose `deadlineAt`, on the clock of `performance.now`, has passed; they are out of the table by then. */
  constructor(onDeadline: (id: number, entry: Entry) => void) {
    this.#onDeadline = onDeadline
  }

  get size(): number {
    return this.#entries.size
  }

  has(id: number): boolean {
    return this.#entries.has(id)
  }

  get(id: number): Entry | undefined {
    return this.#entries.get(id)
  }

  set(id: number, entry: Entry): void {
    this.#entries.set(id, entry)
    if (entry.deadlineAt < Infinity) this.#timer ??= setInterval(() => this.#sweep(), sweepIntervalMs).unref()
  }

  delete(id: number): boolean {
    return this.#entries.delete(id)
  }

  values(): Iterable<Entry> {
    return this.#entries.values()
  }

  /** Empties the table; gives what was in it. */
  clear(): Entry[] {
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    this.#stop()
    return entries
  }

  #sweep(): void {
    const now = performance.now()
    let hasDeadlines = false
    for (const [id, entry] of this.#entries) {
      if (entry.deadlineAt > now) hasDeadlines ||= entry.deadlineAt < Infinity
      else {
        this.#entries.delete(id)
        this.#onDeadline(id, entry)
      }
    }
    if (!hasDeadlines) this.#stop()
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
