import { createHash } from 'node:crypto'

/** A row of a pushed table: what JSON can say, without undefined. */
export interface ReplicaRow {
  id: string
}

/** Rows by id, and a digest of them all that costs one hash for each row that comes or goes. */
export class Table<Row extends ReplicaRow> {
  readonly #rows = new Map<string, Row>()
  #digest = 0n

  constructor(rows: Iterable<Row> = []) {
    for (const row of rows) this.put(row)
  }

  get rows(): ReadonlyMap<string, Row> {
    return this.#rows
  }

  /** The SHA-256 of every row, all combined by exclusive or, in hexadecimal. */
  get digest(): string {
    return this.#digest.toString(16)
  }

  put(row: Row): void {
    this.remove(row.id)
    this.#rows.set(row.id, row)
    this.#digest ^= hashOf(row)
  }

  remove(id: string): void {
    const row = this.#rows.get(id)
    if (row) this.#digest ^= hashOf(row)
    this.#rows.delete(id)
  }
}

function hashOf(row: ReplicaRow): bigint {
  const sorted = JSON.stringify(row, (_, value: unknown) =>
    isPlainObject(value) ? sortedKeys(value) : value,
  )
  return BigInt(`0x${createHash('sha256').update(sorted).digest('hex')}`)
}

/** Fields may arrive in another order than they were sent. */
function sortedKeys(value: object): object {
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
