import { decodeText } from './charset.ts'
import { decodeWords, hexValue } from './words.ts'

interface Parameterized {
  /** What stands before the first semicolon, in lower case. */
  value: string
  /** Names in lower case. */
  parameters: Record<string, string>
}

const maxPieces = 20_000
/** The longest a value may grow from its pieces, in characters. */
const maxValueLength = 65_536

/**
 * Content-Type or Content-Disposition with its parameters: RFC 2045 §5.1, RFC 2231 §3 and §4, and what
 * programs write instead: encoded words, raw 8-bit, values with spaces that no quotes enclose.
 */
export function parseParameterized(text: string): Parameterized {
  const { value, end } = readValue(text)
  const parameters: Record<string, string> = {}
  const continued = new Map<string, Piece[]>()
  let count = 0
  for (let at = end; at < text.length && count < maxPieces; count += 1) {
    const parameter = readParameter(text, at)
    at = parameter.end
    if (parameter.name !== '') place(parameters, continued, parameter.name, parameter.value)
  }
  for (const [name, pieces] of continued) parameters[name] = joinPieces(pieces)
  return { value: value.toLowerCase(), parameters }
}

/** Some programs leave out the semicolon behind it: `text/plain charset=utf-8`. */
function readValue(text: string): { value: string; end: number } {
  const semicolon = text.indexOf(';')
  const all = semicolon < 0 ? text : text.slice(0, semicolon)
  const blank = /[\s"]/.exec(all)?.index ?? -1
  if (blank > 0 && all.includes('=', blank))
    return { value: withoutComments(all.slice(0, blank)), end: blank + 1 }
  return { value: withoutComments(all), end: semicolon < 0 ? text.length : semicolon + 1 }
}

interface Piece {
  index: number
  isEncoded: boolean
  value: string
}

/** `name*1*`: the name, the number of the piece, and whether it is percent-encoded. */
function place(
  parameters: Record<string, string>,
  continued: Map<string, Piece[]>,
  name: string,
  value: string,
): void {
  const star = name.indexOf('*')
  if (star === 0) return
  if (star < 0) {
    parameters[name] ??= decodeWords(value)
    return
  }
  const isEncoded = name.endsWith('*')
  const digits = name.slice(star + 1, isEncoded ? Math.max(star + 1, name.length - 1) : name.length)
  if (digits !== '' && !/^\d{1,6}$/.test(digits)) return
  const pieces = continued.get(name.slice(0, star)) ?? []
  pieces.push({ index: Number(digits), isEncoded, value })
  continued.set(name.slice(0, star), pieces)
}

function joinPieces(pieces: Piece[]): string {
  pieces.sort((one, other) => one.index - other.index)
  let charset: string | undefined
  const out: Buffer[] = []
  let length = 0
  for (const [position, piece] of pieces.entries()) {
    let value = piece.value
    if (piece.isEncoded && position === 0) {
      const first = value.indexOf("'")
      const second = first < 0 ? -1 : value.indexOf("'", first + 1)
      if (second >= 0) {
        charset = value.slice(0, first)
        value = value.slice(second + 1)
      }
    }
    const bytes = piece.isEncoded ? decodePercent(value) : Buffer.from(value, 'utf8')
    length += bytes.length
    if (length > maxValueLength) break
    out.push(bytes)
  }
  const text = decodeText(Buffer.concat(out), charset)
  return pieces.every((piece) => !piece.isEncoded) ? decodeWords(text) : text
}

function decodePercent(value: string): Buffer {
  const source = Buffer.from(value, 'utf8')
  const out = Buffer.allocUnsafe(source.length)
  let length = 0
  for (let at = 0; at < source.length; at += 1) {
    const byte = source[at] as number
    const high = byte === 0x25 ? hexValue(source[at + 1]) : -1
    const low = high >= 0 ? hexValue(source[at + 2]) : -1
    if (low >= 0) {
      out[length++] = high * 16 + low
      at += 2
    } else out[length++] = byte
  }
  return out.subarray(0, length)
}

function readParameter(text: string, from: number): { name: string; value: string; end: number } {
  let at = from
  while (at < text.length && text[at] !== '=' && text[at] !== ';') at += 1
  const name = withoutComments(text.slice(from, at)).toLowerCase()
  if (text[at] !== '=') return { name: '', value: '', end: at + 1 }
  at += 1
  while (isBlank(text.charCodeAt(at))) at += 1
  const quoted = text[at] === '"' ? readQuoted(text, at) : undefined
  if (quoted) return { name, value: quoted.value, end: quoted.end }
  let end = text.indexOf(';', at)
  if (end < 0) end = text.length
  return { name, value: withoutComments(text.slice(at, end)), end: end + 1 }
}

/** A quoted string and what follows it up to the next semicolon. */
function readQuoted(text: string, from: number): { value: string; end: number } {
  const out: string[] = []
  let start = from + 1
  let at = start
  for (; at < text.length && text[at] !== '"'; at += 1) {
    if (text[at] !== '\\') continue
    out.push(text.slice(start, at))
    start = at + 1
    at += 1
  }
  out.push(text.slice(start, Math.min(at, text.length)))
  const end = text.indexOf(';', at + 1)
  return { value: out.join(''), end: end < 0 ? text.length : end + 1 }
}

/** Trimmed, and without `(comments)` where there are any. */
export function withoutComments(text: string): string {
  if (!text.includes('(')) return text.trim()
  const out: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]
    if (character === '\\') at += 1
    else if (character === '(') {
      if (depth === 0) out.push(text.slice(start, at))
      depth += 1
    } else if (character === ')' && depth > 0) {
      depth -= 1
      start = at + 1
    }
  }
  if (depth === 0) out.push(text.slice(start))
  return out.join('').trim()
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}
