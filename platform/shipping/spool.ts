/**
 * A queue of records on disk that outlives its process: what was added and not taken is there at the next start.
 * Records lie in segment files, one a line, named so that their order is that of their names.
 */
import { open, readdir, readFile, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { openLease, type Lease } from './lease.ts'

export interface SpoolOptions {
  /** Shared by the processes of a machine; each has a folder of its own in it. */
  directory: string
  /** The oldest segment goes when more bytes than these wait. */
  limitBytes: number
  /** A spool whose process shows no sign of life for so long is taken over. */
  leaseMs: number
}

export interface Batch {
  records: string[]
  done(): Promise<void>
  again(): void
}

interface Segment {
  path: string
  /** What may be read: bytes of whole writes. */
  size: number
  /** Where the first record that was not taken begins. */
  offset: number
  /** Of the segment that is being written. */
  handle?: FileHandle | undefined
}

const segmentBytes = 1024 * 1024
/** No record is longer, so a read of this length holds one. */
const readBytes = 1024 * 1024
/** Records wait in memory while the disk is slow or refuses them. */
const maxPendingBytes = 16 * 1024 * 1024
const retryMs = 1000

export class Spool {
  readonly #limitBytes: number
  readonly #lease: Lease
  readonly #timer: NodeJS.Timeout
  #segments: Segment[] = []
  #pending: string[] = []
  #pendingBytes = 0
  #lost = 0
  /** All changes of files but the removal of what was taken are made here, one after another. */
  #working: Promise<void> | undefined
  #isTimeToLook = false
  #isDiskFailing = false
  #isClosed = false

  static async open({ directory, limitBytes, leaseMs }: SpoolOptions): Promise<Spool> {
    const spool = new Spool(await openLease(directory, leaseMs), limitBytes, leaseMs)
    await spool.#takeOver().catch(() => {})
    return spool
  }

  private constructor(lease: Lease, limitBytes: number, leaseMs: number) {
    this.#lease = lease
    this.#limitBytes = limitBytes
    this.#timer = setInterval(() => {
      this.#isTimeToLook = true
      void this.#work()
    }, leaseMs / 5).unref()
  }

  /** Takes a record of one line. It is with the operating system some milliseconds later. */
  add(record: string): void {
    const bytes = Buffer.byteLength(record) + 1
    if (this.#isClosed || bytes > readBytes || this.#pendingBytes + bytes > maxPendingBytes)
      return void this.#lost++
    this.#pending.push(record)
    this.#pendingBytes += bytes
    if (!this.#isDiskFailing) void this.#work()
  }

  /** The oldest records, at most `limit`; the same again until they are `done`. One batch may be out at a time. */
  async take(limit: number): Promise<Batch | undefined> {
    for (const segment of this.#segments) {
      const read = await readRecords(segment, limit).catch(() => undefined)
      if (!read) {
        // Found again at the next look around, where it is still there.
        await this.#close(segment)
        this.#forget(segment)
        continue
      }
      const done = async () => {
        segment.offset = read.end
        if (!segment.handle && segment.offset >= segment.size) await this.#discard(segment)
      }
      if (read.records.length > 0) return { records: read.records, done, again: () => {} }
      await done()
    }
    return this.#isDiskFailing && !this.#working && this.#pending.length > 0
      ? this.#takePending(limit)
      : undefined
  }

  /** Resolves when everything added so far would survive a loss of power, or was taken. Rejects while the disk refuses it. */
  async sync(): Promise<void> {
    do await this.#work()
    while (this.#working)
    if (this.#pending.length > 0) throw new Error('the spool can not be written to')
    const segment = this.#segments.at(-1)
    await segment?.handle?.datasync().catch((error: unknown) => {
      if (segment.handle) throw error // Else it was closed meanwhile, which syncs too.
    })
  }

  /** How many records were lost since this was last asked. */
  takeLost(): number {
    const count = this.#lost
    this.#lost = 0
    return count
  }

  /** What was not taken stays for the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.#isClosed = true
    await this.sync().catch(() => {})
    await this.#close(this.#segments.at(-1))
    for (const segment of this.#segments)
      if (segment.offset >= segment.size) await this.#discard(segment).catch(() => {})
    await this.#lease.release().catch(() => {})
  }

  #work(): Promise<void> {
    return (this.#working ??= this.#doWork().finally(() => {
      this.#working = undefined
      if (this.#pending.length > 0 && !this.#isDiskFailing) void this.#work()
    }))
  }

  /** Never rejects: what fails is tried again at the next occasion. */
  async #doWork(): Promise<void> {
    if (this.#isTimeToLook) await this.#takeOver().catch(() => {})
    this.#isTimeToLook = false
    // Records added meanwhile are the next write.
    while (this.#pending.length > 0) if (!(await this.#writePending())) return
    await this.#dropOldest().catch(() => {})
  }

  /** False when the disk refuses; tried again a second later. */
  async #writePending(): Promise<boolean> {
    const records = this.#pending
    const bytes = this.#pendingBytes
    this.#pending = []
    this.#pendingBytes = 0
    try {
      await this.#append(`${records.join('\n')}\n`)
      this.#isDiskFailing = false
      return true
    } catch {
      await this.#close(this.#segments.at(-1))
      this.#pending = [...records, ...this.#pending]
      this.#pendingBytes += bytes
      this.#isDiskFailing = true
      setTimeout(() => void this.#work(), retryMs).unref()
      return false
    }
  }

  async #append(text: string): Promise<void> {
    await this.#holdLease()
    const segment = await this.#writableSegment()
    const bytes = Buffer.from(text)
    await segment.handle.appendFile(bytes)
    // Another process may have read the segment to its end before this write.
    if (!this.#lease.isCertain()) throw new Error('the lease ran out')
    segment.size += bytes.length
    if (segment.size >= segmentBytes) await this.#close(segment)
  }

  async #writableSegment(): Promise<Segment & { handle: FileHandle }> {
    const last = this.#segments.at(-1)
    if (last?.handle) return last as Segment & { handle: FileHandle }
    const path = join(this.#lease.path, `${v7()}.ndjson`)
    const segment = { path, size: 0, offset: 0, handle: await open(path, 'ax', 0o600) }
    this.#segments.push(segment)
    return segment
  }

  /** A segment that is closed is written to no more, so a torn write can only be its end. */
  async #close(segment: Segment | undefined): Promise<void> {
    const handle = segment?.handle
    if (!segment || !handle) return
    segment.handle = undefined
    await handle.datasync().catch(() => {})
    await handle.close().catch(() => {})
  }

  async #holdLease(): Promise<void> {
    if (await this.#lease.hold()) return
    await this.#close(this.#segments.at(-1))
    this.#segments = [] // Whoever took the folder sends them.
  }

  /** Adds the segments of processes that are gone; theirs are older than ours. */
  async #takeOver(): Promise<void> {
    await this.#holdLease()
    await this.#lease.takeOver()
    const known = new Set(this.#segments.map(({ path }) => path))
    for (const name of await readdir(this.#lease.path)) {
      const path = join(this.#lease.path, name)
      if (known.has(path) || !name.endsWith('.ndjson')) continue
      this.#segments.push({ path, size: (await stat(path)).size, offset: 0 })
    }
    this.#segments = this.#segments.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  }

  async #dropOldest(): Promise<void> {
    const waiting = () => this.#segments.reduce((sum, { size, offset }) => sum + size - offset, 0)
    while (waiting() > this.#limitBytes) {
      const oldest = this.#segments[0]!
      await this.#close(oldest)
      const content = await readFile(oldest.path).catch(() => Buffer.alloc(0))
      this.#lost += content.subarray(oldest.offset).toString('latin1').split('\n').length - 1
      await this.#discard(oldest)
    }
  }

  /** A look around must not find the file when the segment is forgotten. */
  async #discard(segment: Segment): Promise<void> {
    await rm(segment.path, { force: true })
    this.#forget(segment)
  }

  #forget(segment: Segment): void {
    this.#segments = this.#segments.filter((other) => other !== segment)
  }

  #takePending(limit: number): Batch {
    const records = this.#pending.splice(0, limit)
    const bytes = records.reduce((sum, record) => sum + Buffer.byteLength(record) + 1, 0)
    this.#pendingBytes -= bytes
    return {
      records,
      done: async () => {},
      again: () => {
        this.#pending.unshift(...records)
        this.#pendingBytes += bytes
      },
    }
  }
}

/** Whole records from the offset on; none where only a torn one is left. */
async function readRecords(segment: Segment, limit: number): Promise<{ records: string[]; end: number }> {
  const length = Math.min(readBytes, segment.size - segment.offset)
  if (length === 0) return { records: [], end: segment.offset }
  await using file = await open(segment.path)
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, segment.offset)
  const read = buffer.subarray(0, bytesRead)
  const records: string[] = []
  let start = 0
  while (records.length < limit) {
    const newline = read.indexOf(0x0a, start)
    if (newline === -1) break
    records.push(read.toString('utf8', start, newline))
    start = newline + 1
  }
  return { records, end: records.length > 0 ? segment.offset + start : segment.size }
}
