/** Pictures of people: kept as they come, once their first bytes show that they are pictures. */
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Upload } from '#contracts/blobs.ts'
import type { Command } from '#services/identity/settings.ts'

export async function storePicture(
  context: Command,
  upload: Upload,
): Promise<{ blob: string; mediaType: string }> {
  const head = await context.uploads.get(upload.blob, { start: 0, end: 16 })
  const mediaType = head && mediaTypeOf(await bytesOf(head))
  if (!mediaType) {
    const fields = [{ path: 'upload', message: 'is no PNG, JPEG or WebP' }]
    return context.fail('invalid', 'The input is not valid.', { fields })
  }
  const content = (await context.uploads.get(upload.blob)) ?? context.fail('notFound')
  const { id } = await context.blobs.put(content, { signal: context.signal })
  return { blob: id, mediaType }
}

/** By their signatures: PNG (ISO/IEC 15948 §5.2), JPEG (ITU-T T.81 §B.1.1.3), WebP (RFC 9649 §2.4). */
function mediaTypeOf(head: Buffer): string | undefined {
  if (head.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'image/png'
  if (head.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'image/jpeg'
  const isWebp = head.toString('latin1', 0, 4) === 'RIFF' && head.toString('latin1', 8, 12) === 'WEBP'
  return isWebp ? 'image/webp' : undefined
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(stream, 'end')
  return Buffer.concat(chunks)
}
