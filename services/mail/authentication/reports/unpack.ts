import { promisify } from 'node:util'
import { crc32, gunzip, inflateRaw } from 'node:zlib'

/** Why nothing can be read of a report. */
export type ReportFault = 'tooLarge' | 'damaged' | 'notAReport'

const maxUnpacked = 10 * 1024 * 1024
const maxPacked = 10 * 1024 * 1024

const unpackGzip = promisify(gunzip)
const unpackDeflate = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw)

/** The text of a report as it was attached: gzip, the one member of a zip, or plain; told by its first octets. */
export async function unpackReport(bytes: Buffer): Promise<Buffer | ReportFault> {
  if (bytes.length > maxPacked) return 'tooLarge'
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b)
      return await unpackGzip(bytes, { maxOutputLength: maxUnpacked })
    if (bytes.length > 4 && bytes.readUInt32LE(0) === zip.localHeader) return await unpackZip(bytes)
    return bytes
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'tooLarge' : 'damaged'
  }
}

/** The signatures of PKWARE's APPNOTE 4.3. */
const zip = { localHeader: 0x04034b50, centralHeader: 0x02014b50, end: 0x06054b50 }
const endBytes = 22
const maxComment = 0xffff

async function unpackZip(bytes: Buffer): Promise<Buffer | ReportFault> {
  const end = endOfDirectory(bytes)
  if (end === undefined) return 'damaged'
  const member = readMember(bytes, bytes.readUInt32LE(end + 16))
  if (member === undefined) return 'damaged'
  if (member.size > maxUnpacked) return 'tooLarge'
  const packed = memberBytes(bytes, member)
  const text = member.isStored ? packed : await unpackDeflate(packed, { maxOutputLength: maxUnpacked })
  return crc32(text) === member.checksum ? text : 'damaged'
}

function endOfDirectory(bytes: Buffer): number | undefined {
  const first = Math.max(0, bytes.length - endBytes - maxComment)
  for (let at = bytes.length - endBytes; at >= first; at--) if (bytes.readUInt32LE(at) === zip.end) return at
  return undefined
}

interface Member {
  isStored: boolean
  checksum: number
  packedSize: number
  size: number
  localHeader: number
}

/** The first member; an encrypted one or one packed in another way can't be read. */
function readMember(bytes: Buffer, at: number): Member | undefined {
  if (bytes.readUInt32LE(at) !== zip.centralHeader) return undefined
  const flags = bytes.readUInt16LE(at + 8)
  const method = bytes.readUInt16LE(at + 10)
  if ((flags & 1) !== 0 || (method !== 0 && method !== 8)) return undefined
  return {
    isStored: method === 0,
    checksum: bytes.readUInt32LE(at + 16),
    packedSize: bytes.readUInt32LE(at + 20),
    size: bytes.readUInt32LE(at + 24),
    localHeader: bytes.readUInt32LE(at + 42),
  }
}

function memberBytes(bytes: Buffer, { localHeader: at, packedSize }: Member): Buffer {
  const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)
  return bytes.subarray(start, start + packedSize)
}
