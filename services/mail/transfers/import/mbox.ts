/**
 * Messages of an mbox (RFC 4155), as streams. All its kinds are read: a `From ` that was quoted with `>` loses one of
 * them; where nothing is quoted, Content-Length says where a message ends.
 */

export interface MboxMessage {
  /** `From sender date`, without its end. */
  fromLine: string
  /** As it stands there, lines ended as they are. To be read before the next message is asked for; the rest is skipped. */
  content: AsyncGenerator<Buffer>
  /** Offset in the mbox where the next message begins, once the content has been read. */
  end(): number
}

export interface MboxSource {
  open(start: number): AsyncIterable<Buffer>
  /** Some bytes from an offset on, where they can be had without reading up to there; empty at the end. */
  peek?: (at: number, length: number) => Promise<Buffer>
}

/** From an offset where a message begins. What stands before the first one is skipped. */
export async function* readMbox(source: MboxSource, start = 0): AsyncGenerator<MboxMessage> {
  const pieces = readPieces(source, start)
  try {
    let next = await pieces.next()
    while (!next.done && next.value.kind === 'data') next = await pieces.next()
    while (!next.done) {
      const { line } = next.value as Start
      let end = 0
      let isOver = false
      const proceed = async () => {
        next = await pieces.next()
        isOver = next.done === true || next.value.kind === 'start'
        end = next.done ? next.value : next.value.kind === 'start' ? next.value.at : end
      }
      const content = async function* () {
        while (!isOver) {
          await proceed()
          if (!isOver) yield (next.value as Data).bytes
        }
      }
      yield { fromLine: line, content: content(), end: () => end }
      while (!isOver) await proceed()
    }
  } finally {
    await pieces.return(0)
  }
}

interface Start {
  kind: 'start'
  at: number
  line: string
}
interface Data {
  kind: 'data'
  bytes: Buffer
}

const newline = 0x0a
const carriageReturn = 0x0d
const quote = 0x3e
const word = Buffer.from('From ')
/** A longer line is text, however it begins. */
const longestLine = 1_000
const longestHeader = 64 * 1024

/** Returns where it ended. */
async function* readPieces(source: MboxSource, start: number): AsyncGenerator<Start | Data, number> {
  let held: Buffer = Buffer.alloc(0)
  let at = start
  let startsLine = true
  let header = headerWatch()
  for await (const chunk of source.open(start)) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const rest = yield* readHeld(false)
    at += held.length - rest.length
    if (rest.length < held.length) startsLine = held[held.length - rest.length - 1] === newline
    held = rest
  }
  yield* readHeld(true)
  return at + held.length

  /** Gives what has to wait for the bytes after it. */
  async function* readHeld(isLast: boolean): AsyncGenerator<Start | Data, Buffer> {
    const bytes = held
    let done = 0
    const emit = function* (end: number): Generator<Data> {
      if (end <= done) return
      const piece = bytes.subarray(done, end)
      header.take(piece, at + done)
      yield { kind: 'data', bytes: piece }
    }
    for (let found = bytes.indexOf(word); found >= 0; found = bytes.indexOf(word, found + word.length)) {
      let first = found
      while (first > 0 && bytes[first - 1] === quote && found - first < longestLine) first--
      if (first === 0 ? !startsLine : bytes[first - 1] !== newline) continue
      if (first < found) {
        yield* emit(first)
        done = first + 1
        continue
      }
      const lineEnd = bytes.indexOf(newline, found)
      if (lineEnd < 0 && !isLast && bytes.length - found <= longestLine) break
      const end = lineEnd < 0 ? bytes.length : lineEnd + 1
      if (end - found > longestLine) continue
      const line = bytes.toString('latin1', found, end).trimEnd()
      const blank = blankBefore(bytes, found, startsLine)
      const isFirst = at + found === start
      if (!isSeparator(line, blank > 0 || isFirst)) continue
      if (!isFirst && (await isWithin(at + found))) continue
      yield* emit(found - blank)
      done = end
      header = headerWatch()
      yield { kind: 'start', at: at + found, line }
    }
    const end = isLast
      ? bytes.length - blankBefore(bytes, bytes.length, startsLine)
      : waitingFrom(bytes, startsLine)
    if (end > done) {
      yield* emit(end)
      done = end
    }
    return bytes.subarray(done)
  }

  /** Whether the message at hand says that it goes on behind this offset, and a message begins where it says it ends. */
  async function isWithin(offset: number): Promise<boolean> {
    const end = source.peek && header.statedEnd()
    if (end === undefined || end <= offset) return false
    const after = (await source.peek!(end, 8)).toString('latin1')
    return after.trim() === '' ? after.length < 8 : /^(?:\r?\n){0,2}From /.test(after)
  }
}

/** Octets of the blank line that ends there; 0: the line before is not blank. */
function blankBefore(bytes: Buffer, end: number, startsLine: boolean): number {
  if (end === 0 || bytes[end - 1] !== newline) return 0
  const length = bytes[end - 2] === carriageReturn ? 2 : 1
  const before = end - length
  return (before === 0 ? startsLine : bytes[before - 1] === newline) ? length : 0
}

/** Where the last line begins, with the blank one before it; the end where it is too long to matter. */
function waitingFrom(bytes: Buffer, startsLine: boolean): number {
  const last = bytes.lastIndexOf(newline) + 1
  if (bytes.length - last > longestLine || (last === 0 && !startsLine)) return bytes.length
  // A carriage return that ends the bytes may be a blank line's.
  return last - blankBefore(bytes, last, startsLine)
}

/** Behind a line that is not blank it has to look exactly like one. */
function isSeparator(line: string, isAfterBlank: boolean): boolean {
  if (isAfterBlank) return /\d:\d\d/.test(line) && /(?:19|20)\d\d/.test(line)
  return /\s[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(?::\d\d)?(?: [+-]\d{4}| [A-Z]{1,5})? (?:19|20)\d\d/.test(
    line,
  )
}

/** Finds Content-Length as the header goes by. */
function headerWatch() {
  let head = ''
  let startsAt: number | undefined
  let isWhole = false
  return {
    take(bytes: Buffer, at: number): void {
      if (isWhole) return
      startsAt ??= at
      const from = Math.max(0, head.length - 3)
      head += bytes.toString('latin1', 0, longestHeader - head.length)
      const end = /\r?\n\r?\n/.exec(head.slice(from))
      isWhole = end !== null || head.length >= longestHeader
      if (end) head = head.slice(0, from + end.index + end[0].length)
    },
    statedEnd(): number | undefined {
      const length = /^content-length:[ \t]{0,20}(\d{1,15})[ \t\r]{0,20}$/im.exec(head)?.[1]
      return length === undefined || !isWhole ? undefined : startsAt! + head.length + Number(length)
    },
  }
}
