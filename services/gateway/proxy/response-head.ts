import { setsSessionCookie } from '#services/gateway/sessions/cookie.ts'
import { fieldRules, nominatedBy, type FieldRule } from './field-names.ts'

export interface ResponseHead {
  status: number
  reason: string
  /** Names and values in turn, without those of the connection. */
  fields: string[]
  /** How the end of the content is found, RFC 9112 §6.3. */
  framing: 'none' | 'length' | 'chunked' | 'close'
  /** Of the content, where `framing` is `length`. */
  lengthBytes: number
  /** Whether the connection takes another request. */
  isPersistent: boolean
  /** How long the other side keeps it without one, where it says so. */
  keepAliveSeconds: number | undefined
}

/** An answer that could be understood in two ways, or in none. */
export class MalformedResponse extends Error {
  override name = 'MalformedResponse'
}

const statusLine = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([^\r]*))?\r\n/
/** No bare CR or LF and no other control characters: RFC 9112 §2.2, RFC 9110 §5.5. */
const lines = /^(?:[\t\x20-\x7e\x80-\xff]+\r\n)+$/
const special = new Map<string, FieldRule>([
  ['set-cookie', 'set-cookie'],
  // The gateway tells its own.
  ['x-correlation-id', 'drop'],
])
const ruleOf = fieldRules((name) => special.get(name) ?? 'pass')

/** `text` goes from the status line to the end of the last field line. */
export function readHead(text: string, isHeadRequest: boolean): ResponseHead {
  if (!lines.test(text)) throw new MalformedResponse('control characters in the head')
  const start = statusLine.exec(text)
  if (!start) throw new MalformedResponse('no status line')
  const [line, minor, digits, reason = ''] = start
  const status = Number(digits)
  const found = readFields(text, line.length)
  if (found.isChunked && (found.length !== undefined || minor === '0'))
    throw new MalformedResponse('Transfer-Encoding beside Content-Length or HTTP/1.0')

  // RFC 9110 §8.6: these have no Content-Length.
  if (found.length !== undefined && status >= 200 && status !== 204)
    found.fields.push('Content-Length', found.length)
  const framing = framingOf(status, isHeadRequest, found)
  return {
    status,
    reason,
    fields: endToEnd(found),
    framing,
    lengthBytes: Number(found.length ?? 0),
    isPersistent: framing !== 'close' && isPersistent(minor === '1', found.connection),
    keepAliveSeconds: found.keepAliveSeconds,
  }
}

class Fields {
  readonly fields: string[] = []
  /** Every `Connection` field. */
  connection = ''
  length: string | undefined
  isChunked = false
  keepAliveSeconds: number | undefined
}

interface Field {
  name: string
  value: string
  rule: FieldRule
}

/** Lines that have been read: most come again and again. */
const knownLines = new Map<string, Field>()
const mostKnownLines = 1_000
const longestKnownLine = 100

function readFields(text: string, from: number): Fields {
  const found = new Fields()
  for (let at = from; at < text.length;) {
    const end = text.indexOf('\r\n', at)
    const line = text.slice(at, end)
    takeField(found, knownLines.get(line) ?? readField(line))
    at = end + 2
  }
  return found
}

/** No white space before the colon, and so no folded lines either: RFC 9112 §5.1, §5.2. */
function readField(line: string): Field {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon)
  const rule = colon === -1 ? undefined : ruleOf(name)
  if (rule === undefined) throw new MalformedResponse('a line that is no field')
  const field = { name, value: line.slice(colon + 1).trim(), rule }
  if (line.length <= longestKnownLine) {
    if (knownLines.size === mostKnownLines) knownLines.clear()
    knownLines.set(line, field)
  }
  return field
}

function takeField(found: Fields, { name, value, rule }: Field): void {
  switch (rule) {
    case 'pass':
      found.fields.push(name, value)
      return
    case 'set-cookie':
      if (!setsSessionCookie(value)) found.fields.push(name, value)
      return
    case 'content-length':
      if (found.length !== undefined || !/^\d{1,15}$/.test(value))
        throw new MalformedResponse('Content-Length is not one number')
      found.length = value
      return
    case 'transfer-encoding':
      if (found.isChunked || value.toLowerCase() !== 'chunked')
        throw new MalformedResponse('Transfer-Encoding is not chunked')
      found.isChunked = true
      return
    case 'connection':
      found.connection = found.connection === '' ? value : `${found.connection}, ${value}`
      return
    case 'keep-alive':
      found.keepAliveSeconds = Number(/(?:^|[\s,])timeout=(\d{1,6})/i.exec(value)?.[1] ?? 0) || undefined
      return
  }
}

function endToEnd({ fields, connection }: Fields): string[] {
  const nominated = nominatedBy(connection)
  if (!nominated) return fields
  return fields.filter((_, index) => !nominated.has(fields[index - (index % 2)]!.toLowerCase()))
}

function framingOf(status: number, isHeadRequest: boolean, { isChunked, length }: Fields) {
  if (isHeadRequest || status < 200 || status === 204 || status === 304) return 'none'
  if (isChunked) return 'chunked'
  return length === undefined ? 'close' : 'length'
}

function isPersistent(isHttp11: boolean, connection: string): boolean {
  return isHttp11
    ? !/(^|[\s,])close([\s,]|$)/i.test(connection)
    : /(^|[\s,])keep-alive([\s,]|$)/i.test(connection)
}
