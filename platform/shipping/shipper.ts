/** Brings this process's lines and spans to the logs service; while that is away they wait on disk. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CallError } from '#contracts/errors.ts'
import type { FinishedSpan } from '#platform/trace.ts'
import { shippedLine, shippedSpan, type ShippedLine, type ShippedSpan } from './records.ts'
import { Spool } from './spool.ts'

export interface ShipperOptions {
  /** Shared by the processes of a machine. What a process could not send before it died is sent by another one. */
  spoolDirectory: string
  /** Resolve when all is stored. What was stored before must be ignored by its id: it may be sent again. */
  sendLines: (lines: ShippedLine[]) => Promise<void>
  sendSpans: (spans: ShippedSpan[]) => Promise<void>
  /** Most that waits on disk; then the oldest is lost, and a line says how much. */
  spoolLimitBytes?: number
  /** How long after its last sign of life a process counts as dead. */
  leaseMs?: number
}

export interface Shipper extends AsyncDisposable {
  /** Takes a line as pino writes it, parsed. Neither waits nor throws. */
  line(record: Record<string, unknown>): void
  span(span: FinishedSpan): void
  /** Resolves when everything taken so far is sent or on disk. */
  flush(): Promise<void>
}

type ShippedRecord = { line: ShippedLine } | { span: ShippedSpan }

const batchSize = 500
const batchMs = 200
const maxBackoffMs = 2000
/** How long disposing waits for the service. */
const partingMs = 2000

/** Lines arrive in the order in which they were taken, those of dead processes first, each at least once. */
export async function openShipper(options: ShipperOptions): Promise<Shipper> {
  const { spoolDirectory, sendLines, sendSpans } = options
  const { spoolLimitBytes = 1024 ** 3, leaseMs = 10_000 } = options
  const spool = await Spool.open({ directory: spoolDirectory, limitBytes: spoolLimitBytes, leaseMs })
  const stopping = new AbortController()
  const add = (record: ShippedRecord) => spool.add(JSON.stringify(record))

  async function shipUntilStopped(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted;) {
      failures = (await shipAll()) ? 0 : failures + 1
      // What fails may stay away for long: it has to survive more than the end of this process.
      if (failures > 0) await spool.sync().catch(() => {})
      const backoffMs = Math.min(maxBackoffMs, batchMs * 2 ** failures) * (1 - Math.random() / 4)
      await sleep(failures > 0 ? backoffMs : batchMs, undefined, {
        ref: false,
        signal: stopping.signal,
      }).catch(() => {})
    }
  }

  /** False when the service did not take it. */
  async function shipAll(): Promise<boolean> {
    for (;;) {
      const batch = await spool.take(batchSize).catch(() => undefined)
      if (!batch) return true
      try {
        await send(batch.records.flatMap(parse))
        await batch.done()
      } catch {
        batch.again()
        return false
      }
      const lost = spool.takeLost()
      if (lost > 0)
        add({ line: shippedLine({ level: 'warn', name: 'shipping', msg: `${lost} lines and spans lost` })! })
    }
  }

  async function send(records: ShippedRecord[]): Promise<void> {
    const lines = records.flatMap((record) => ('line' in record ? [record.line] : []))
    const spans = records.flatMap((record) => ('span' in record ? [record.span] : []))
    if (lines.length > 0) await sendAcceptable(lines, sendLines)
    if (spans.length > 0) await sendAcceptable(spans, sendSpans)
  }

  const loop = shipUntilStopped()
  return {
    line(record) {
      const line = shippedLine(record)
      if (line) add({ line })
    },
    span(finished) {
      const span = shippedSpan(finished)
      if (span) add({ span })
    },
    flush: () => spool.sync(),
    async [Symbol.asyncDispose]() {
      stopping.abort()
      const parting = new AbortController()
      const shipped = loop.then(shipAll)
      await Promise.race([shipped, sleep(partingMs, undefined, { signal: parting.signal })])
      parting.abort()
      await spool[Symbol.asyncDispose]()
    },
  }
}

/** Items that the service will never take must not hold up the others: they are left out. */
async function sendAcceptable<Item>(items: Item[], send: (items: Item[]) => Promise<void>): Promise<void> {
  try {
    await send(items)
  } catch (error) {
    if (!(error instanceof CallError) || !['invalid', 'tooLarge'].includes(error.code)) throw error
    if (items.length > 1) for (const item of items) await sendAcceptable([item], send)
  }
}

/** Nothing for a line that is no JSON: it was torn when a disk was full or a machine stopped. */
function parse(record: string): ShippedRecord[] {
  try {
    return [JSON.parse(record) as ShippedRecord]
  } catch {
    return []
  }
}
