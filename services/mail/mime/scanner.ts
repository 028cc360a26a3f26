import { parseHeader } from './header.ts'
import { createKeeper, type Kept } from './keeper.ts'
import { createLineSplitter, type LinePiece } from './lines.ts'
import type { HeaderField, Oddity, Part } from './message.ts'
import { addressBudget, readEnvelope, type AddressBudget } from './envelope.ts'
import { createMeasure, type Measure } from './measure.ts'
import { describePart, isBodyText } from './part-header.ts'

export interface Leaf {
  part: Part
  /** Decoded, reckoned from the encoding. */
  sizeBytes: number
  /** Of text that a person reads: its bytes as sent and the line break behind them, cut at a limit. */
  kept: Kept | undefined
  /** Media type of the multipart around it. */
  within: string
  /** Subject of an enclosed message, decoded. */
  subject: string
}

export interface Scan {
  sizeBytes: number
  fields: HeaderField[]
  structure: Part
  leaves: Map<Part, Leaf>
  addresses: AddressBudget
  oddities: Set<Oddity>
}

const limits = {
  parts: 1_000,
  depth: 100,
  headerBytes: 1_048_576,
  allHeaderBytes: 4_194_304,
  plainBytes: 1_048_576,
  /** Of multiparts that may turn out to have no parts. */
  preambleBytes: 262_144,
  htmlBytes: 2_097_152,
}

/** A part that is not closed yet. */
interface Open {
  part: Part
  /** Parts of it are numbered behind this. */
  prefix: string
  within: string
  defaultType: string
  isRoot: boolean
  /** What a message/rfc822 holds. */
  isEnclosed: boolean
  /** Of a multipart: what stands behind the two hyphens. */
  boundary?: string
  /** An open multipart further out with the same boundary. */
  hidden?: Open | undefined
  depth: number
  count: number
  linesBefore: number
  subject: string
  kept?: Kept
  measure?: Measure | undefined
}

type Mode = 'header' | 'body' | 'skip'

/** Reads the structure of a message from its bytes, chunk by chunk (RFC 5322, RFC 2046 §5.1). */
export function createScanner() {
  const scanner = new Scanner()
  const lines = createLineSplitter((piece) => scanner.piece(piece), scanner.oddities)
  return {
    /** A chunk that is `shared` may be overwritten afterwards. */
    write(chunk: Buffer, isShared: boolean): void {
      lines.write(chunk)
      if (isShared) scanner.settle()
    },
    end(): Scan {
      lines.end()
      return scanner.end()
    },
  }
}

class Scanner {
  readonly oddities = new Set<Oddity>()
  readonly #root = newOpen({ number: '', prefix: '', within: '', at: 0, depth: 0, defaultType: 'text/plain' })
  readonly #open: Open[] = [this.#root]
  readonly #boundaries = new Map<string, Open>()
  readonly #leaves = new Map<Part, Leaf>()
  readonly #keeper = createKeeper()
  readonly #addresses = addressBudget()
  #fields: HeaderField[] = []
  #mode: Mode = 'header'
  #header: Kept = this.#keeper.open(limits.headerBytes)
  #headerRoom = limits.allHeaderBytes
  #count = 1
  #offset = 0
  #lineFeeds = 0
  #lastEol = 0
  #lastIsEmpty = false
  #isDelimiter = false

  piece(piece: LinePiece): void {
    const { bytes, from, to, eol, startsLine } = piece
    const size = to - from
    const mayDelimit = startsLine && this.#boundaries.size > 0 && bytes[from] === 45 && bytes[from + 1] === 45
    this.#isDelimiter = startsLine ? mayDelimit && this.#delimiter(piece) : this.#isDelimiter
    if (!this.#isDelimiter) {
      if (this.#mode === 'body') this.#body(piece)
      else if (this.#mode === 'header') {
        if (startsLine && eol === size) this.#endHeader(this.#offset + size, 1)
        else if (!this.#header.add(bytes, from, to)) this.oddities.add('longHeader')
      }
    }
    this.#offset += size
    if (eol === 0) {
      this.#lastEol = 0
      this.#lastIsEmpty = false
      return
    }
    this.#lineFeeds += 1
    this.#lastEol = eol
    this.#lastIsEmpty = startsLine && size === eol
  }

  settle(): void {
    this.#keeper.settle()
  }

  end(): Scan {
    this.#cutHeader(this.#offset)
    this.#close(0, this.#offset, true)
    return {
      sizeBytes: this.#offset,
      fields: this.#fields,
      structure: this.#root.part,
      leaves: this.#leaves,
      addresses: this.#addresses,
      oddities: this.oddities,
    }
  }

  #body({ bytes, from, to, eol }: LinePiece): void {
    const top = this.#open.at(-1) as Open
    top.kept?.add(bytes, from, to)
    top.measure?.add(bytes, from, to, eol)
  }

  /** RFC 2046 §5.1.1: two hyphens, the boundary, two more at the end, and white space. */
  #delimiter({ bytes, from, to, eol }: LinePiece): boolean {
    if (to - from - eol > 2_100 || (eol === 0 && to - from > 2_048)) return false
    let end = to - eol
    while (end > from + 2 && isBlank(bytes[end - 1])) end -= 1
    const line = bytes.toString('latin1', from + 2, end)
    let open = this.#boundaries.get(line)
    const isLast = open === undefined && line.endsWith('--')
    if (isLast) open = this.#boundaries.get(line.slice(0, -2))
    if (!open) return false
    const lineStart = this.#offset
    if (this.#mode === 'header') this.#cutHeader(lineStart)
    this.#close(this.#open.indexOf(open) + 1, lineStart, false)
    if (isLast) {
      this.#forget(open)
      this.#mode = 'body'
    } else this.#openChild(open, lineStart + (to - from))
    return true
  }

  #openChild(parent: Open, at: number): void {
    this.#mode = 'header'
    delete parent.kept // It has parts: what stands before them is not shown.
    if (this.#count >= limits.parts) {
      this.oddities.add('tooManyParts')
      this.#mode = 'skip'
      return
    }
    this.#count += 1
    parent.count += 1
    const child = newOpen({
      number: `${parent.prefix}${parent.count}`,
      prefix: `${parent.prefix}${parent.count}.`,
      within: parent.part.mediaType,
      defaultType: parent.part.mediaType === 'multipart/digest' ? 'message/rfc822' : 'text/plain',
      at,
      depth: parent.depth + 1,
    })
    parent.part.parts ??= []
    parent.part.parts.push(child.part)
    this.#open.push(child)
    this.#header = this.#keeper.open(Math.min(limits.headerBytes, this.#headerRoom))
  }

  /** The header of the innermost part is whole: its body begins at an offset. */
  #endHeader(start: number, lineFeeds: number): void {
    const top = this.#open.at(-1) as Open
    const bytes = this.#header.take()
    this.#headerRoom -= bytes.length
    const header = parseHeader(bytes)
    if (header.isBad) this.oddities.add('badHeader')
    if (header.isCut) this.oddities.add('longHeader')
    if (top.isRoot) this.#fields = header.fields
    top.part.start = start
    top.linesBefore = this.#lineFeeds + lineFeeds
    describePart(top.part, header.fields, top.defaultType)
    this.#mode = 'body'
    if (top.isEnclosed) this.#nameEnclosed(top, header.fields)
    const { mediaType, encoding } = top.part
    const isMultipart = mediaType.startsWith('multipart/')
    if (!(isMultipart ? identities : encodings).has(encoding)) this.oddities.add('badEncoding')
    if (isMultipart) this.#beginMultipart(top)
    else if (mediaType === 'message/rfc822' || mediaType === 'message/global') this.#beginEnclosed(top, start)
    else this.#beginLeaf(top)
  }

  #beginMultipart(top: Open): void {
    const boundary = top.part.parameters['boundary']?.trimEnd() ?? ''
    if (top.depth >= limits.depth) {
      this.oddities.add('tooDeep')
      top.part.mediaType = 'application/octet-stream'
      return
    }
    if (boundary === '' || boundary.length > 1_000) {
      this.#beginUnbounded(top)
      return
    }
    // Bytes are compared as Latin-1, whatever they are.
    const delimiter = Buffer.from(boundary, 'utf8').toString('latin1')
    top.boundary = delimiter
    top.hidden = this.#boundaries.get(delimiter)
    this.#boundaries.set(delimiter, top)
    top.kept = this.#keeper.open(
      Math.max(0, limits.preambleBytes - this.#keeper.size('preamble')),
      'preamble',
    )
  }

  /** RFC 2046 §5.1.1 demands a boundary; without one it is shown as text. */
  #beginUnbounded(top: Open): void {
    this.oddities.add('missingBoundary')
    top.part.mediaType = 'text/plain'
    this.#beginLeaf(top)
  }

  #beginEnclosed(top: Open, at: number): void {
    if (top.part.encoding === 'base64' || top.part.encoding === 'quoted-printable') {
      this.oddities.add('badEncoding') // RFC 2046 §5.2.1: 7bit, 8bit or binary.
      this.#beginLeaf(top)
      return
    }
    if (top.depth >= limits.depth || this.#count >= limits.parts) {
      this.oddities.add(top.depth >= limits.depth ? 'tooDeep' : 'tooManyParts')
      return
    }
    this.#count += 1
    const prefix = top.part.number === '' ? '1.' : `${top.part.number}.`
    const child = newOpen({
      number: prefix,
      isEnclosed: true,
      prefix,
      within: '',
      defaultType: 'text/plain',
      at,
      depth: top.depth + 1,
    })
    this.#open.push(child)
    this.#header = this.#keeper.open(Math.min(limits.headerBytes, this.#headerRoom))
    this.#mode = 'header'
  }

  /** An enclosed message: a multipart is `n.TEXT`, anything else its part 1 (RFC 9051 §6.4.5.1). */
  #nameEnclosed(top: Open, fields: HeaderField[]): void {
    const isMultipart = top.part.mediaType.startsWith('multipart/')
    top.part.number = `${top.prefix}${isMultipart ? 'TEXT' : '1'}`
    if (!isMultipart) top.prefix = `${top.prefix}1.`
    const outer = this.#open.at(-2)
    if (!outer) return
    outer.part.message = { envelope: readEnvelope(fields, this.#addresses), part: top.part }
    outer.subject = outer.part.message.envelope.subject
  }

  #beginLeaf(top: Open): void {
    if (isBodyText(top.part, top.within)) {
      const kind = top.part.mediaType === 'text/html' ? 'html' : 'plain'
      const room = kind === 'html' ? limits.htmlBytes : limits.plainBytes
      top.kept = this.#keeper.open(Math.max(0, room - this.#keeper.size(kind)), kind)
    } else top.measure = createMeasure(top.part.encoding)
  }

  /** The message ends or a delimiter stands in a header; what it encloses has an empty header too. */
  #cutHeader(at: number): void {
    while (this.#mode === 'header') this.#endHeader(at, 0)
  }

  /** Closes all but the outermost `count` open parts where a line begins that is not of them. */
  #close(count: number, at: number, isEnd: boolean): void {
    let within = 0 // Where the part ends that was closed before.
    while (this.#open.length > count) {
      const open = this.#open.pop() as Open
      const { part } = open
      part.end = isEnd ? at : Math.max(part.start, at - this.#lastEol, within)
      within = part.end
      part.lines = this.#linesOf(open, isEnd)
      if (open.boundary !== undefined && this.#boundaries.get(open.boundary) === open) {
        this.oddities.add('missingBoundary')
        this.#forget(open)
      }
      if (open.boundary !== undefined && !part.parts) {
        this.oddities.add('missingBoundary')
        part.mediaType = 'text/plain'
      }
      if (!part.parts) this.#addLeaf(open)
    }
  }

  #linesOf(open: Open, isEnd: boolean): number {
    const lineFeeds = this.#lineFeeds - open.linesBefore
    if (open.part.end <= open.part.start) return 0
    if (isEnd) return lineFeeds + (this.#lastEol === 0 ? 1 : 0)
    return lineFeeds - (this.#lastIsEmpty ? 1 : 0)
  }

  #forget(open: Open): void {
    const boundary = open.boundary as string
    if (open.hidden && this.#open.includes(open.hidden)) this.#boundaries.set(boundary, open.hidden)
    else this.#boundaries.delete(boundary)
  }

  #addLeaf({ part, within, subject, kept, measure }: Open): void {
    const sizeBytes = measure?.size() ?? part.end - part.start
    this.#leaves.set(part, { part, within, subject, kept, sizeBytes })
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === 32 || byte === 9 || byte === 13
}

/** RFC 2045 §6.1, and §6.4 for multiparts. */
const identities = new Set(['7bit', '8bit', 'binary'])
const encodings = new Set([...identities, 'base64', 'quoted-printable'])

function newOpen(of: {
  number: string
  prefix: string
  within: string
  at: number
  depth: number
  defaultType: string
  isEnclosed?: boolean
}): Open {
  const part: Part = {
    number: of.number,
    mediaType: of.defaultType,
    parameters: {},
    encoding: '7bit',
    headerStart: of.at,
    start: of.at,
    end: of.at,
    lines: 0,
  }
  return {
    part,
    prefix: of.prefix,
    within: of.within,
    defaultType: of.defaultType,
    isRoot: of.number === '',
    isEnclosed: of.isEnclosed ?? false,
    depth: of.depth,
    count: 0,
    linesBefore: 0,
    subject: '',
  }
}
