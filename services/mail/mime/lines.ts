import type { Oddity } from './message.ts'

/** A line or a piece of one; `to` is behind its line break. */
export interface LinePiece {
  bytes: Buffer
  from: number
  to: number
  /** Octets of the line break at its end: 0 where the line goes on or the message ends. */
  eol: number
  startsLine: boolean
}

/** A line up to this length comes in one piece, wherever the chunks are cut. */
const maxHeld = 4_096
/** RFC 5322 §2.1.1: 998 octets without CRLF. */
const maxLine = 998

/** Cuts a stream of bytes into lines, ended by LF or CRLF, and notes what is odd about them. */
export function createLineSplitter(onPiece: (piece: LinePiece) => void, oddities: Set<Oddity>) {
  let held = Buffer.alloc(0) // Of a line whose end was not seen; room for maxHeld.
  let heldLength = 0
  let lineLength = 0 // Of the line's pieces that are given on already.
  let lastByte = 0
  const piece: LinePiece = { bytes: held, from: 0, to: 0, eol: 0, startsLine: true }

  const give = (bytes: Buffer, from: number, to: number, isEnd: boolean) => {
    let eol = 0
    if (isEnd) {
      const before = to - from > 1 ? bytes[to - 2] : lastByte
      eol = before === 13 && (to - from > 1 || lineLength > 0) ? 2 : 1
      if (eol === 1) oddities.add('bareLineFeed')
    }
    piece.bytes = bytes
    piece.from = from
    piece.to = to
    piece.eol = eol
    piece.startsLine = lineLength === 0
    lastByte = bytes[to - 1] as number
    lineLength += to - from
    if (lineLength - eol > maxLine) oddities.add('longLine')
    if (isEnd) lineLength = 0
    onPiece(piece)
  }

  const hold = (bytes: Buffer, from: number, to: number) => {
    if (heldLength === 0) held = Buffer.allocUnsafe(maxHeld)
    bytes.copy(held, heldLength, from, to)
    heldLength += to - from
  }

  const giveHeld = (isEnd: boolean) => {
    const length = heldLength
    heldLength = 0
    if (length > 0) give(held, 0, length, isEnd)
  }

  /** Gives where the first whole line of the chunk begins. */
  const fillHeld = (chunk: Buffer): number => {
    const lineEnd = chunk.indexOf(10) + 1
    const end = lineEnd > 0 ? lineEnd : chunk.length
    if (heldLength + end <= maxHeld) {
      hold(chunk, 0, end)
      if (lineEnd > 0) giveHeld(true)
    } else {
      giveHeld(false)
      give(chunk, 0, end, lineEnd > 0)
    }
    return end
  }

  return {
    write(chunk: Buffer): void {
      if (chunk.length === 0) return
      noteBytes(chunk, heldLength > 0 ? held[heldLength - 1] : lastByte, oddities)
      let at = heldLength > 0 ? fillHeld(chunk) : 0
      for (let end = lineEndOf(chunk, at); end > 0; end = lineEndOf(chunk, at)) {
        give(chunk, at, end, true)
        at = end
      }
      if (at >= chunk.length) return
      if (lineLength === 0 && chunk.length - at <= maxHeld) hold(chunk, at, chunk.length)
      else give(chunk, at, chunk.length, false)
    },
    end(): void {
      const last = heldLength > 0 ? held[heldLength - 1] : lastByte
      if (last === 13) oddities.add('bareCarriageReturn')
      giveHeld(false)
    },
  }
}

/** Behind the next LF; 0 where there is none. Lines are short: a loop beats a call of indexOf. */
function lineEndOf(chunk: Buffer, from: number): number {
  const near = Math.min(chunk.length, from + 200)
  for (let at = from; at < near; at += 1) if (chunk[at] === 10) return at + 1
  return near < chunk.length ? chunk.indexOf(10, near) + 1 : 0
}

function noteBytes(chunk: Buffer, before: number | undefined, oddities: Set<Oddity>): void {
  if (!oddities.has('nul') && chunk.includes(0)) oddities.add('nul')
  if (oddities.has('bareCarriageReturn')) return
  if (before === 13 && chunk[0] !== 10) oddities.add('bareCarriageReturn')
  for (let at = chunk.indexOf(13); at >= 0 && at < chunk.length - 1; at = chunk.indexOf(13, at + 1)) {
    if (chunk[at + 1] === 10) continue
    oddities.add('bareCarriageReturn')
    return
  }
}
