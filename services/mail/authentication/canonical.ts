import { createHash } from 'node:crypto'
import type { RawField } from './raw-message.ts'

export type Canonicalization = 'simple' | 'relaxed'

export interface BodyHash {
  update(chunk: Buffer): void
  /** Of the first `limit` octets; once, after all is read. `length` is of the whole canonical body. */
  finish(): { digest: string; length: number }
}

const cr = 13
const lf = 10

/** RFC 6376 §3.4.3 and §3.4.4: SHA-256 in base64 of a body as it streams by. A lone LF counts as a line's end. */
export function hashBodyAs(canonicalization: Canonicalization, limit = Infinity): BodyHash {
  const isRelaxed = canonicalization === 'relaxed'
  const hash = createHash('sha256')
  const out = Buffer.allocUnsafe(16 * 1024)
  let used = 0
  let length = 0
  // What was read and not yet written, for it is left out at the end of a line or of the body.
  let lineEnds = 0
  let hasBlank = false
  let hasReturn = false

  function flush(): void {
    const room = Math.max(0, limit - length)
    if (room > 0) hash.update(room < used ? out.subarray(0, room) : out.subarray(0, used))
    length += used
    used = 0
  }

  function put(byte: number): void {
    if (used === out.length) flush()
    out[used++] = byte
  }

  function putPending(): void {
    for (; lineEnds > 0; lineEnds--) {
      put(cr)
      put(lf)
    }
    if (hasBlank) put(32)
    hasBlank = false
    if (hasReturn) put(cr)
    hasReturn = false
  }

  return {
    update(chunk) {
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at]!
        if (byte === lf) {
          hasReturn = false
          hasBlank = false
          lineEnds++
          continue
        }
        const isBlank = isRelaxed && (byte === 32 || byte === 9)
        if (hasReturn || (!isBlank && byte !== cr && (hasBlank || lineEnds > 0))) putPending()
        if (byte === cr) hasReturn = true
        else if (isBlank) hasBlank = true
        else put(byte)
      }
    },
    finish() {
      if (hasReturn) putPending()
      // An empty body is a line's end when simple, and nothing when relaxed.
      if (!isRelaxed || length + used > 0) {
        put(cr)
        put(lf)
      }
      flush()
      return { digest: hash.digest('base64'), length }
    },
  }
}

/** RFC 6376 §3.4.1 and §3.4.2, without the line break at the end. */
export function canonicalField(field: RawField, canonicalization: Canonicalization): string {
  return canonicalization === 'simple' ? field.text.replace(/\r?\n/g, '\r\n') : relaxedField(field.text)
}

export function relaxedField(text: string): string {
  const colon = text.indexOf(':')
  const value = text
    .slice(colon + 1)
    .replace(/[\r\n]+/g, '')
    .replace(/[ \t]+/g, ' ')
  return `${text.slice(0, colon).trimEnd().toLowerCase()}:${value.replace(/^ | $/g, '')}`
}

/** The field with its `b=` emptied, as it is hashed itself (RFC 6376 §3.7). */
export function withoutSignature(text: string): string {
  const colon = text.indexOf(':') + 1
  const tags = text.slice(colon).split(';')
  return (
    text.slice(0, colon) +
    tags.map((tag) => (/^\s*b\s*=/.test(tag) ? tag.slice(0, tag.indexOf('=') + 1) : tag)).join(';')
  )
}

/** The fields that `h=` names: of each name from the last upwards, none twice (RFC 6376 §5.4.2). */
export function selectFields(
  fields: readonly RawField[],
  names: readonly string[],
  itself?: RawField,
): RawField[] {
  const left = new Map<string, RawField[]>()
  for (const field of fields) {
    if (field === itself) continue
    const same = left.get(field.name)
    if (same === undefined) left.set(field.name, [field])
    else same.push(field)
  }
  return names.flatMap((name) => left.get(name)?.pop() ?? [])
}
