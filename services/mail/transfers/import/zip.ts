/** Members of a zip (PKWARE APPNOTE 6.3), stored or deflated, with zip64; by its directory, from the end of the file. */
import { createInflateRaw } from 'node:zlib'
import { byteReader } from './byte-reader.ts'
import { damagedUnlessRead, type ImportFile } from './file.ts'
import { ImportError } from './import-error.ts'
import type { Member } from './tar.ts'

export interface ZipMember extends Member {
  packedBytes: number
  /** Undefined: it is encrypted, or packed in a way that is not read. */
  open: (() => AsyncGenerator<Buffer>) | undefined
}

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator: 0x07064b50,
}
const most32 = 0xffff_ffff
const longestEnd = 22 + 0xffff + 20

/** From an offset in the directory on; `at` of a member is such an offset. */
export async function* readZip(file: ImportFile, from = 0): AsyncGenerator<ZipMember> {
  const directory = await findDirectory(file)
  const start = Math.max(from, directory.start)
  await using reader = byteReader(file.read(start, directory.end))
  for (;;) {
    const at = start + reader.position()
    const header = await reader.take(46)
    if (header.length === 0) return
    if (header.length < 46 || header.readUInt32LE(0) !== signatures.central)
      throw new ImportError('damagedFile')
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => header.readUInt16LE(offset))
    const name = (await reader.take(nameLength!)).toString('utf8')
    const extra = await reader.take(extraLength!)
    await reader.skip(commentLength!)
    if (!name.endsWith('/')) yield memberOf(file, at, name, header, extra)
  }
}

async function findDirectory(file: ImportFile): Promise<{ start: number; end: number }> {
  const tailAt = Math.max(0, file.sizeBytes - longestEnd)
  const tail = await file.peek(tailAt, longestEnd)
  for (let at = tail.length - 22; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== signatures.end) continue
    const size = tail.readUInt32LE(at + 12)
    const start = tail.readUInt32LE(at + 16)
    const found =
      size === most32 || start === most32 || tail.readUInt16LE(at + 10) === 0xffff
        ? await findDirectory64(file, tail, at)
        : { start, end: start + size }
    if (found && found.start <= found.end && found.end <= tailAt + at) return found
  }
  throw new ImportError('damagedFile')
}

async function findDirectory64(file: ImportFile, tail: Buffer, end: number) {
  const locator = end - 20
  if (locator < 0 || tail.readUInt32LE(locator) !== signatures.locator) {
    const start = tail.readUInt32LE(end + 16)
    return { start, end: start + tail.readUInt32LE(end + 12) }
  }
  const record = await file.peek(Number(tail.readBigUInt64LE(locator + 8)), 56)
  if (record.length < 56 || record.readUInt32LE(0) !== signatures.end64) return undefined
  const start = Number(record.readBigUInt64LE(48))
  return { start, end: start + Number(record.readBigUInt64LE(40)) }
}

function memberOf(file: ImportFile, at: number, name: string, header: Buffer, extra: Buffer): ZipMember {
  const wide = zip64Fields(header, extra)
  const { sizeBytes, packedBytes, localAt } = wide
  const isEncrypted = (header.readUInt16LE(8) & 1) !== 0
  const method = header.readUInt16LE(10)
  const isRead = !isEncrypted && (method === 0 || method === 8)
  return {
    name,
    sizeBytes,
    packedBytes,
    modifiedAt: dosTime(header.readUInt16LE(14), header.readUInt16LE(12)),
    at,
    open: isRead ? () => openMember(file, localAt, packedBytes, method === 8) : undefined,
  }
}

/** APPNOTE 4.5.3: what does not fit into 32 bits stands in the extra field, in this order. */
function zip64Fields(header: Buffer, extra: Buffer) {
  let sizeBytes = header.readUInt32LE(24)
  let packedBytes = header.readUInt32LE(20)
  let localAt = header.readUInt32LE(42)
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    const end = Math.min(extra.length, at + 4 + extra.readUInt16LE(at + 2))
    let field = at + 4
    const next = (value: number) => {
      if (value !== most32 || field + 8 > end) return value
      field += 8
      return Number(extra.readBigUInt64LE(field - 8))
    }
    sizeBytes = next(sizeBytes)
    packedBytes = next(packedBytes)
    localAt = next(localAt)
    break
  }
  return { sizeBytes, packedBytes, localAt }
}

async function* openMember(
  file: ImportFile,
  localAt: number,
  packedBytes: number,
  isDeflated: boolean,
): AsyncGenerator<Buffer> {
  const longestHeader = 30 + 2 * 0xffff
  await using reader = byteReader(file.read(localAt, localAt + longestHeader + packedBytes))
  const header = await reader.take(30)
  if (header.length < 30 || header.readUInt32LE(0) !== signatures.local) throw new ImportError('damagedFile')
  await reader.skip(header.readUInt16LE(26) + header.readUInt16LE(28))
  if (isDeflated)
    yield* damagedUnlessRead(
      () => reader.stream(packedBytes),
      () => createInflateRaw(),
    )
  else yield* reader.stream(packedBytes)
}

/** Two seconds are its smallest step, and its zone is not told. */
function dosTime(date: number, time: number): Date | undefined {
  const year = 1980 + (date >> 9)
  const at = Date.UTC(year, ((date >> 5) & 15) - 1, date & 31, time >> 11, (time >> 5) & 63, (time & 31) * 2)
  return date === 0 ? undefined : new Date(at)
}
