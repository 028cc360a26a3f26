import { decodeText } from './charset.ts'
import { decodeBase64 } from './base64.ts'

/**
 * Text of an unstructured header or a phrase with its encoded words (RFC 2047) decoded. Neighbours of one
 * character set are joined as bytes, for many programs cut a character in two.
 */
export function decodeWords(value: string): string {
  if (!value.includes('=?')) return value
  const out: string[] = []
  let at = 0 // What stands before it is in `out`.
  let run: { charset: string; bytes: Buffer[] } | undefined
  const flush = () => {
    if (run) out.push(decodeText(Buffer.concat(run.bytes), run.charset))
    run = undefined
  }
  for (let start = value.indexOf('=?'); start >= 0; start = value.indexOf('=?', start)) {
    const word = wordAt(value, start)
    if (!word) {
      start += 2
      continue
    }
    const between = value.slice(at, start)
    if (!run || between.trim() !== '') {
      flush()
      out.push(between)
    }
    if (run && run.charset !== word.charset) flush()
    run ??= { charset: word.charset, bytes: [] }
    run.bytes.push(word.bytes)
    at = start = word.end
  }
  flush()
  out.push(value.slice(at))
  return out.join('')
}

/** RFC 2047 §2: an encoded word has at most 75 characters. */
const maxEncoded = 75

/** Text as encoded words, folded; `taken` is how much of the first line is taken already. */
export function encodeWords(text: string, taken = 0): string {
  const bytes = Buffer.from(text.toWellFormed())
  const isBase64 = plainShare(bytes) < 0.6
  const overhead = isBase64 ? '=?utf-8?B??='.length : '=?utf-8?Q??='.length
  const words: string[] = []
  let piece: string[] = []
  let length = 0
  const flush = () => {
    const joined = piece.join('')
    words.push(isBase64 ? `=?utf-8?B?${Buffer.from(joined).toString('base64')}?=` : `=?utf-8?Q?${joined}?=`)
    piece = []
    length = 0
  }
  for (const character of text.toWellFormed()) {
    const room = maxEncoded - overhead - (words.length === 0 ? Math.min(taken, 50) : 0)
    const part = isBase64 ? character : encodeQ(character)
    const size = isBase64 ? Buffer.byteLength(character) : part.length
    if (piece.length > 0 && (isBase64 ? Math.ceil((length + size) / 3) * 4 : length + size) > room) flush()
    piece.push(part)
    length += size
  }
  flush()
  return words.join('\r\n ')
}

/** How much of it needs no encoding. */
function plainShare(bytes: Buffer): number {
  let plain = 0
  for (const byte of bytes) if (byte < 0x80) plain += 1
  return bytes.length === 0 ? 1 : plain / bytes.length
}

/** RFC 2047 §5 (3): what may stand in a phrase as it is. */
function encodeQ(character: string): string {
  if (/^[A-Za-z0-9!*+\-/]$/.test(character)) return character
  if (character === ' ') return '_'
  return [...Buffer.from(character)]
    .map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('')
}

interface Word {
  charset: string
  bytes: Buffer
  end: number
}

/** RFC 2047 §2 allows 75 characters; programs write longer ones. */
const maxWordLength = 5_000
/** Question marks in the text of a word, which no word should have. */
const maxQuestionMarks = 10

function wordAt(value: string, start: number): Word | undefined {
  const charsetEnd = value.indexOf('?', start + 2)
  if (charsetEnd <= start + 2 || charsetEnd > start + 80 || value[charsetEnd + 2] !== '?') return undefined
  const encoding = value[charsetEnd + 1]?.toLowerCase()
  if (encoding !== 'b' && encoding !== 'q') return undefined
  const end = endOfWord(value, charsetEnd + 3)
  if (end < 0 || end - start > maxWordLength) return undefined
  const text = value.slice(charsetEnd + 3, end)
  const named = value.slice(start + 2, charsetEnd).toLowerCase()
  const star = named.indexOf('*') // RFC 2231 §5: charset*language
  const charset = star > 0 ? named.slice(0, star) : named
  const bytes = encoding === 'b' ? decodeBase64(Buffer.from(text, 'latin1')) : decodeQ(text)
  return { charset, bytes, end: end + 2 }
}

function endOfWord(value: string, from: number): number {
  let at = value.indexOf('?', from)
  for (let count = 0; at >= 0 && count < maxQuestionMarks; count += 1) {
    if (value[at + 1] === '=') return at
    at = value.indexOf('?', at + 1)
  }
  return -1
}

function decodeQ(text: string): Buffer {
  const source = Buffer.from(text, 'utf8')
  const out = Buffer.allocUnsafe(source.length)
  let length = 0
  for (let at = 0; at < source.length; at += 1) {
    const byte = source[at] as number
    const high = byte === 0x3d ? hexValue(source[at + 1]) : -1
    const low = high >= 0 ? hexValue(source[at + 2]) : -1
    if (low >= 0) {
      out[length++] = high * 16 + low
      at += 2
    } else out[length++] = byte === 0x5f ? 0x20 : byte
  }
  return out.subarray(0, length)
}

export function hexValue(byte: number | undefined): number {
  if (byte === undefined) return -1
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
