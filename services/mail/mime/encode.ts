import { isAscii } from 'node:buffer'

/** RFC 2045 §6.7 and §6.8: encoded lines have at most 76 characters. */
const maxLine = 76
const bytesALine = 57

interface EncodedText {
  encoding: '7bit' | 'quoted-printable' | 'base64'
  bytes: Buffer
}

/** Text with CRLF, in 7bit where nothing could change it on its way, else in the shorter of the two encodings. */
export function encodeText(text: string): EncodedText {
  const lines = text
    .toWellFormed()
    .replaceAll('\0', '')
    .replaceAll(/\r\n|\r|\n/g, '\n')
  const ended = lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`
  const bytes = Buffer.from(ended.replaceAll('\n', '\r\n'))
  if (isAscii(bytes) && isPlain(ended)) return { encoding: '7bit', bytes }
  const quoted = encodeQuotedPrintable(bytes)
  if (quoted.length <= (bytes.length * 4) / 3 + 100) return { encoding: 'quoted-printable', bytes: quoted }
  return { encoding: 'base64', bytes: base64Lines(bytes) }
}

/** No long line, no white space at an end, nothing that mailboxes (`From `) or SMTP (`.`) write differently. */
function isPlain(text: string): boolean {
  return !/[^\n]{79}|[ \t]$|^From |^\.|[^\t\n\x20-\x7e]/m.test(text)
}

/** Bytes whose lines end with CRLF, written so that every byte but those line breaks comes back. */
export function encodeQuotedPrintable(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length * 3 + Math.ceil((bytes.length * 3) / 70) * 3 + 16)
  let length = 0
  let column = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (byte === 13 && bytes[at + 1] === 10) {
      out[length++] = 13
      out[length++] = 10
      at += 1
      column = 0
      continue
    }
    const isEscaped = mustEscape(bytes, at, byte, column)
    const size = isEscaped ? 3 : 1
    if (column + size > maxLine - 1) {
      length += out.write('=\r\n', length, 'latin1')
      column = 0
    }
    if (isEscaped) length += out.write(`=${hexPairs[byte]}`, length, 'latin1')
    else out[length++] = byte
    column += size
  }
  return out.subarray(0, length)
}

function mustEscape(bytes: Buffer, at: number, byte: number, column: number): boolean {
  if (byte === 61 || byte > 126) return true
  if (byte === 32 || byte === 9)
    return at + 1 >= bytes.length || (bytes[at + 1] === 13 && bytes[at + 2] === 10)
  if (byte < 32) return true
  // `.` and `From ` at the start of a line are changed on their way by some programs.
  return column === 0 && (byte === 46 || (byte === 70 && bytes[at + 1] === 114))
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'))

export async function* encodeBase64Lines(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let carry = Buffer.alloc(0)
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += maxChunk) {
      const piece = chunk.subarray(at, at + maxChunk)
      const bytes = carry.length > 0 ? Buffer.concat([carry, piece]) : Buffer.from(piece)
      const whole = bytes.length - (bytes.length % bytesALine)
      if (whole > 0) yield base64Lines(bytes.subarray(0, whole))
      carry = bytes.subarray(whole)
    }
  }
  if (carry.length > 0) yield base64Lines(carry)
}

const maxChunk = bytesALine * 4_096

function base64Lines(bytes: Buffer): Buffer {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += bytesALine)
    lines.push(bytes.toString('base64', at, at + bytesALine), '\r\n')
  return Buffer.from(lines.join(''), 'latin1')
}

/** Whether a message may stand in another as it is: ASCII, CRLF only, lines of at most 998 octets. */
export function isSevenBit(content: Uint8Array): boolean {
  if (!isAscii(content) || content.includes(0)) return false
  let lineStart = 0
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) {
    if (content[at - 1] !== 13 || at - lineStart > 999) return false
    if (at - lineStart > 1 && content.subarray(lineStart, at - 1).includes(13)) return false
    lineStart = at + 1
  }
  return content.length - lineStart <= 998 && !content.subarray(lineStart).includes(13)
}
