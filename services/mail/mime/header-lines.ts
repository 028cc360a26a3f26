import { isAscii } from 'node:buffer'
import { encodeWords } from './words.ts'

/** RFC 5322 §2.1.1: lines should have at most 78 characters and must have at most 998 octets. */
const goodLength = 78
const maxToken = 900

/**
 * `Name: value` with CRLF, folded. `structured` values are written as they are, `encoded` ones with encoded words
 * where they need them, `utf8` ones in UTF-8. Throws a TypeError for a name that is none.
 */
export function headerLine(
  name: string,
  value: string,
  form: 'structured' | 'encoded' | 'utf8' = 'structured',
): string {
  // RFC 5322 §2.2
  if (!/^[!-9;-~]{1,200}$/.test(name)) throw new TypeError('not a header name')
  if (form === 'structured') return foldLine(`${name}: ${value.replaceAll('\r\n ', '\n')}`)
  const text = value
    .toWellFormed()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const mayStand = form === 'utf8' || (isAscii(Buffer.from(text)) && !text.includes('=?'))
  const isLong = text.split(' ').some((word) => Buffer.byteLength(word) > maxToken)
  if (mayStand && !isLong) return foldLine(`${name}: ${text}`)
  return `${name}: ${encodeWords(text, name.length + 2)}\r\n`
}

/** Folds before a space (RFC 5322 §2.2.3); a line feed asks for a fold. What else is a control character is left out. */
function foldLine(line: string): string {
  const words = line
    .replaceAll(/[^\n\P{Cc}]/gu, '')
    .replaceAll('\n', '\n ')
    .split(' ')
  const out: string[] = []
  let length = 0
  for (const word of words) {
    const isForced = word.endsWith('\n')
    const text = isForced ? word.slice(0, -1) : word
    if (out.length > 1 && text !== '' && length + 1 + text.length > goodLength) {
      out.push('\r\n')
      length = 0
    }
    if (out.length > 0) out.push(' ')
    out.push(text)
    length += text.length + 1
    if (isForced) {
      out.push('\r\n')
      length = 0
    }
  }
  return `${out.join('')}\r\n`
}

export function idList(ids: string[]): string {
  return ids.map((id) => `<${id.replaceAll(/[\s\p{Cc}<>]/gu, '')}>`).join(' ')
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** RFC 5322 §3.3, in UTC. */
export function formatDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  const day = `${days[date.getUTCDay()]}, ${date.getUTCDate()} ${months[date.getUTCMonth()]}`
  return `${day} ${String(date.getUTCFullYear()).padStart(4, '0')} ${time} +0000`
}

/** The header of a file: its name by RFC 2231, and by RFC 2047 for programs that know no better. */
export function contentHeader(file: {
  fileName: string
  mediaType: string
  contentId?: string
  isInline?: boolean
  encoding: string
}): string {
  const isType = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/.test(file.mediaType)
  const type = isType ? file.mediaType.toLowerCase() : 'application/octet-stream'
  const name = file.fileName
    .toWellFormed()
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const isPlain = isAscii(Buffer.from(name)) && name.length <= 60
  const typeName = isPlain ? quote(name) : `"${encodeWords(name, 8)}"`
  const disposition = file.isInline ? 'inline' : 'attachment'
  const lines = [
    name === '' ? `Content-Type: ${type}` : `Content-Type: ${type};\r\n name=${typeName}`,
    `Content-Transfer-Encoding: ${file.encoding}`,
    name === ''
      ? `Content-Disposition: ${disposition}`
      : `Content-Disposition: ${disposition};\r\n ${fileNames(name, isPlain)}`,
  ]
  if (file.contentId !== undefined) lines.push(`Content-ID: ${idList([file.contentId])}`)
  return `${lines.join('\r\n')}\r\n`
}

/** RFC 2231 §3 and §4: in pieces where it is long. */
function fileNames(name: string, isPlain: boolean): string {
  if (isPlain) return `filename=${quote(name)}`
  const pieces: string[] = []
  let piece = "utf-8''"
  for (const character of name) {
    const encoded = encodeURIComponent(character).replaceAll(/[!'()*]/g, percent)
    if (piece.length + encoded.length > 60) {
      pieces.push(piece)
      piece = ''
    }
    piece += encoded
  }
  pieces.push(piece)
  if (pieces.length === 1) return `filename*=${piece}`
  return pieces.map((text, index) => `filename*${index}*=${text}`).join(';\r\n ')
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
