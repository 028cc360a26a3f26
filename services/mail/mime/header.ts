import { isAscii, isUtf8 } from 'node:buffer'
import { decodeText } from './charset.ts'
import type { HeaderField } from './message.ts'

interface Header {
  fields: HeaderField[]
  /** A line stands in it that is no field. */
  isBad: boolean
  /** It has more fields than are kept. */
  isCut: boolean
}

const maxFields = 10_000

/** Fields of a header block, the empty line at its end or not. */
export function parseHeader(bytes: Buffer): Header {
  const header: Header = { fields: [], isBad: false, isCut: false }
  const isUnicode = isAscii(bytes) || isUtf8(bytes)
  const text = isUnicode ? bytes.toString('utf8') : bytes.toString('latin1')
  let at = 0
  while (at < text.length) {
    const start = at
    let end = text.indexOf('\n', at)
    let isFolded = false
    while (end >= 0 && isBlank(text.charCodeAt(end + 1))) {
      isFolded = true
      end = text.indexOf('\n', end + 1)
    }
    if (end < 0) end = text.length
    at = end + 1
    if (header.fields.length >= maxFields) {
      header.isCut = true
      break
    }
    addField(header, text.slice(start, end), isFolded, isUnicode)
  }
  return header
}

function addField(header: Header, line: string, isFolded: boolean, isUnicode: boolean): void {
  const colon = line.indexOf(':')
  const name = colon > 0 ? line.slice(0, colon).trimEnd().toLowerCase() : ''
  if (name === '' || !isFieldName(name)) {
    const isEnd = line === '' || line === '\r'
    const isMbox = header.fields.length === 0 && line.startsWith('From ')
    if (!isEnd && !isMbox) header.isBad = true
    return
  }
  let value = line.slice(colon + 1)
  if (isFolded) value = value.replaceAll('\r\n', '').replaceAll('\n', '')
  if (!isUnicode) value = decodeText(Buffer.from(value, 'latin1'), undefined)
  if (value.includes('\0')) value = value.replaceAll('\0', '')
  header.fields.push({ name, value: trimBlanks(value) })
}

/** RFC 5322 §2.2: printable ASCII but the colon. */
function isFieldName(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at)
    if (code <= 32 || code >= 127) return false
  }
  return true
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

function trimBlanks(value: string): string {
  let start = 0
  let end = value.length
  while (start < end && isSpace(value.charCodeAt(start))) start += 1
  while (end > start && isSpace(value.charCodeAt(end - 1))) end -= 1
  return start === 0 && end === value.length ? value : value.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 13 || code === 10
}

/** The first of a name. */
export function fieldOf(fields: readonly HeaderField[], name: string): string | undefined {
  for (const field of fields) if (field.name === name) return field.value
  return undefined
}
