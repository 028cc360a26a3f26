/** Members of a tar: POSIX.1-2001 pax, and what GNU tar writes. */
import type { ByteReader } from './byte-reader.ts'
import { ImportError } from './import-error.ts'

export interface Member {
  /** As it stands there: to be believed in nothing. */
  name: string
  sizeBytes: number
  modifiedAt: Date | undefined
  /** Where its headers begin: reading may go on there. */
  at: number
}

const block = 512
const longestHeader = 64 * 1024

/** Files only. The reader stands at the content; what is not read of it is skipped. */
export async function* readTar(reader: ByteReader, origin: number): AsyncGenerator<Member> {
  let at: number | undefined
  let extra: { path?: string; size?: number } = {}
  for (;;) {
    const start = origin + reader.position()
    const header = await reader.take(block)
    if (header.every((octet) => octet === 0)) return
    if (header.length < block || !isChecked(header)) throw new ImportError('damagedFile')
    at ??= start
    const type = String.fromCharCode(header[156]!)
    const sizeBytes = (type === '0' || type === '\0' ? extra.size : undefined) ?? numberIn(header, 124, 12)
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw new ImportError('damagedFile')
    const padding = (block - (sizeBytes % block)) % block
    if (type === 'x' || type === 'L') {
      if (sizeBytes > longestHeader) throw new ImportError('damagedFile')
      const content = await reader.take(sizeBytes)
      await reader.skip(padding)
      extra =
        type === 'x' ? { ...extra, ...paxFields(content) } : { ...extra, path: textIn(content, 0, sizeBytes) }
      continue
    }
    const contentAt = reader.position()
    if (type === '0' || type === '\0' || type === '7') {
      const seconds = numberIn(header, 136, 12)
      yield {
        name: extra.path ?? nameIn(header),
        sizeBytes,
        modifiedAt: seconds > 0 && seconds < 1e11 ? new Date(seconds * 1000) : undefined,
        at,
      }
    }
    await reader.skip(contentAt + sizeBytes + padding - reader.position())
    at = undefined
    extra = {}
  }
}

export function isTar(head: Buffer): boolean {
  return head.length >= block && isChecked(head.subarray(0, block))
}

/** The sum of the header's octets, those of the sum itself taken as spaces. */
function isChecked(header: Buffer): boolean {
  let sum = 0
  for (const [index, octet] of header.entries()) sum += index >= 148 && index < 156 ? 0x20 : octet
  return sum === numberIn(header, 148, 8)
}

function nameIn(header: Buffer): string {
  const name = textIn(header, 0, 100)
  const prefix = textIn(header, 257, 5) === 'ustar' && header[262] === 0 ? textIn(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function textIn(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start)
  return bytes.toString('utf8', start, end < 0 ? start + length : Math.min(end, start + length))
}

/** Octal digits, or two's complement where the first bit is set (GNU). */
function numberIn(header: Buffer, start: number, length: number): number {
  if ((header[start]! & 0x80) !== 0) {
    let value = header[start]! & 0x7f
    for (let index = start + 1; index < start + length; index++) value = value * 256 + header[index]!
    return value
  }
  const digits = textIn(header, start, length).trim()
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN
}

/** `length key=value\n`, the length in octets with itself. */
function paxFields(content: Buffer): { path?: string; size?: number } {
  const fields: { path?: string; size?: number } = {}
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at)
    const length = space < 0 ? 0 : Number(content.toString('latin1', at, space))
    if (!Number.isSafeInteger(length) || length <= space - at || at + length > content.length) break
    const record = content.toString('utf8', space + 1, at + length - 1)
    if (record.startsWith('path=')) fields.path = record.slice(5)
    if (/^size=\d{1,15}$/.test(record)) fields.size = Number(record.slice(5))
    at += length
  }
  return fields
}
