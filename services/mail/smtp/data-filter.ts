/** The octets between DATA and its end, or of BDAT: RFC 5321 §4.5.2 and §2.3.8. */

export type Fault = 'bareCarriageReturn' | 'bareLineFeed' | 'nul'

export interface Filtered {
  /** A slice of what came in where nothing had to change, else a copy. */
  content: Buffer
  /** Where in what came in the message has ended, after its last octet; undefined where it goes on. */
  end: number | undefined
  /** Nothing after it was read. */
  fault: Fault | undefined
}

/** In a line; after CR LF; after CR LF and a dot; after CR LF, a dot and CR; after CR. */
const inLine = 0
const lineStart = 1
const afterDot = 2
const afterDotReturn = 3
const afterReturn = 4
/** In repair: after a line end that was mended; after a dot that follows it. */
const mendedStart = 5
const afterMendedDot = 6

const nul = 0
const lineFeed = 10
const carriageReturn = 13
const dot = 46

/** RFC 5321 §4.5.3.1.6: 1,000 octets with CR LF. */
const longLineBytes = 998

const newLine = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)

/** Feed it no octet of what follows an end or a fault. */
export class DataFilter {
  readonly #dots: boolean
  readonly #repair: boolean
  #state = lineStart
  #lineBytes = 0
  #hasLongLine = false
  #isRepaired = false

  /**
   * `dots`: undo dot-stuffing and end at CR LF dot CR LF, in exactly these octets; no other sequence ever ends a
   * message. `repair`: make CR LF of a bare CR or LF and drop NUL, instead of stopping there. A line that a repair
   * began cannot end the message, and loses a dot only of two: clients differ in whether they stuff such lines.
   */
  constructor({ dots, repair }: { dots: boolean; repair: boolean }) {
    this.#dots = dots
    this.#repair = repair
  }

  get hasLongLine(): boolean {
    return this.#hasLongLine || this.#lineBytes > longLineBytes
  }

  get isRepaired(): boolean {
    return this.#isRepaired
  }

  feed(chunk: Buffer): Filtered {
    const pieces = new Pieces(chunk)
    const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.length)
    /** Start of what is kept but not handed on. */
    let from = 0
    let index = 0
    while (index < chunk.length) {
      const octet = chunk[index]!
      if (octet > carriageReturn && this.#state === inLine) {
        const next = endOfText(chunk, view, index + 1)
        this.#lineBytes += next - index
        index = next
        if (chunk[index] === carriageReturn && chunk[index + 1] === lineFeed) {
          this.#endLine(lineStart)
          index += 2
        }
      } else if (octet === lineFeed && this.#state === afterReturn) {
        this.#endLine(lineStart)
        index++
      } else if (octet === lineFeed && this.#state === afterDotReturn) {
        return { content: pieces.joined(from, from), end: index + 1, fault: undefined }
      } else if (this.#state === afterReturn || this.#state === afterDotReturn) {
        if (!this.#repair) return stopped(pieces.joined(from, index), 'bareCarriageReturn')
        pieces.add(from, index)
        pieces.insertNewLine(this.#state === afterReturn ? 1 : 0)
        from = index
        this.#repaired(mendedStart)
      } else if (octet === nul || octet === lineFeed) {
        if (!this.#repair) return stopped(pieces.joined(from, index), octet === nul ? 'nul' : 'bareLineFeed')
        pieces.add(from, index)
        if (octet === lineFeed) pieces.insertNewLine(0)
        from = ++index
        this.#repaired(octet === lineFeed ? mendedStart : inLine)
      } else {
        // A dot at a line's start is left out, and so is a CR after it: it may be the message's end.
        const isDot =
          octet === dot && this.#dots && (this.#state === lineStart || this.#state === afterMendedDot)
        if (isDot) pieces.add(from, index)
        if (isDot || (octet === carriageReturn && this.#state === afterDot)) from = index + 1
        this.#state = this.#stateAfter(octet, isDot)
        index++
      }
    }
    return { content: pieces.joined(from, chunk.length), end: undefined, fault: undefined }
  }

  /** For BDAT, whose end is told from outside: a CR there is bare. In repair it gives what is missing. */
  finish(): Filtered {
    if (this.#state !== afterReturn) return { content: nothing, end: 0, fault: undefined }
    if (!this.#repair) return stopped(nothing, 'bareCarriageReturn')
    this.#repaired(lineStart)
    return { content: newLine.subarray(1), end: 0, fault: undefined }
  }

  #stateAfter(octet: number, isDot: boolean): number {
    if (isDot && this.#state === lineStart) return afterDot
    if (octet === carriageReturn) return this.#state === afterDot ? afterDotReturn : afterReturn
    this.#lineBytes++
    return octet === dot && this.#state === mendedStart ? afterMendedDot : inLine
  }

  #repaired(state: number): void {
    this.#isRepaired = true
    if (state === inLine) this.#state = state
    else this.#endLine(state)
  }

  #endLine(state: number): void {
    if (this.#lineBytes > longLineBytes) this.#hasLongLine = true
    this.#lineBytes = 0
    this.#state = state
  }
}

function stopped(content: Buffer, fault: Fault): Filtered {
  return { content, end: undefined, fault }
}

/** `0x80808080` as 32 bits with a sign. */
const topBits = -0x7f7f7f80

/** Where the run of octets above CR that holds `index - 1` ends. */
function endOfText(chunk: Buffer, view: DataView, index: number): number {
  const end = chunk.length
  // Four at a time: the top bit of an octet is set in the result only where one of them is below 14.
  for (; index <= end - 4; index += 4) {
    const word = view.getInt32(index, true)
    if ((word - 0x0e0e0e0e) & ~word & topBits) break
  }
  while (index < end && chunk[index]! > carriageReturn) index++
  return index
}

/** Puts pieces of a chunk together, without copying where they follow one another. */
class Pieces {
  readonly #chunk: Buffer
  #start = 0
  #end = 0
  #copy: Buffer | undefined
  #copied = 0

  constructor(chunk: Buffer) {
    this.#chunk = chunk
  }

  add(from: number, to: number): void {
    if (to <= from) return
    if (!this.#copy && this.#end === this.#start) {
      this.#start = from
      this.#end = to
    } else if (!this.#copy && this.#end === from) this.#end = to
    else {
      const output = this.#output()
      this.#copied += this.#chunk.copy(output, this.#copied, from, to)
    }
  }

  /** CR LF from its octet `from` on. */
  insertNewLine(from: number): void {
    const output = this.#output()
    this.#copied += newLine.copy(output, this.#copied, from)
  }

  joined(from: number, to: number): Buffer {
    this.add(from, to)
    return this.#copy ? this.#copy.subarray(0, this.#copied) : this.#chunk.subarray(this.#start, this.#end)
  }

  #output(): Buffer {
    if (this.#copy) return this.#copy
    // An octet becomes two at most, and a CR of the chunk before may want its LF, or a withheld one CR LF.
    this.#copy = Buffer.allocUnsafe(this.#chunk.length * 2 + 2)
    this.#copied = this.#chunk.copy(this.#copy, 0, this.#start, this.#end)
    return this.#copy
  }
}
