/** Takes the body of a request as bytes that travel by reference. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { CallDefinition } from '#contracts/contract.ts'
import { CallError, standardError } from '#contracts/errors.ts'
import type { Upload } from '#contracts/blobs.ts'
import type { Blobs } from '#platform/blobs/blobs.ts'
import type { ServiceContext } from '#platform/service.ts'

/** How long bytes wait for a service to keep them. */
const uploadLifetimeMs = 86_400_000

/**
 * Stores the body while it arrives, whatever its length, without holding it in memory. Rejects with `tooLarge`,
 * `unsupportedMediaType` for a compressed one, `invalid` for one that does not match its Content-Digest, `cancelled`
 * when the client goes away; then nothing, or nothing that stays, is stored.
 */
export async function receiveUpload(
  incoming: IncomingMessage,
  { upload }: CallDefinition,
  uploads: Pick<Blobs, 'put'>,
): Promise<Upload> {
  const { headers } = incoming
  const { maxBytes } = upload!
  if (Number(headers['content-length']) > maxBytes) throw tooLarge(maxBytes)
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw standardError('unsupportedMediaType', 'Compressed bodies are not taken.')
  const digest = digestIn(headers['content-digest'])
  // Not the request itself: it has to live on for its answer when its body is refused.
  const body = Readable.from(incoming.iterator({ destroyOnReturn: false }), { objectMode: false })
  const { id: blob, sizeBytes } = await uploads.put(body, { maxBytes }).catch((error: unknown) => {
    if (error instanceof CallError) throw error.code === 'tooLarge' ? tooLarge(maxBytes) : error
    throw (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? standardError('cancelled') : error
  })
  if (digest !== undefined && digest !== blob)
    throw standardError('invalid', 'The body is not what its Content-Digest says.')
  return { blob, sizeBytes, mediaType: headers['content-type'] ?? 'application/octet-stream' }
}

/** What calls have not kept by now, they never will. */
export async function removeOldUploads({
  uploads,
  log,
}: Pick<ServiceContext, 'uploads' | 'log'>): Promise<void> {
  const removed = await uploads.deleteStoredBefore(new Date(Date.now() - uploadLifetimeMs))
  if (removed > 0) log.info({ removed }, 'removed old uploads')
}

/** Hexadecimal SHA-256, RFC 9530 §2: `sha-256=:<base64>:`. Undefined where that algorithm is not stated. */
function digestIn(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  const stated = /(?:^|,)\s*sha-256\s*=/i.test(String(header))
  const value = /(?:^|,)\s*sha-256=:([\w+/]{43}=):/i.exec(String(header))?.[1]
  if (stated && value === undefined) throw standardError('invalid', 'Content-Digest can not be read.')
  return value && Buffer.from(value, 'base64').toString('hex')
}

function tooLarge(maxBytes: number): CallError {
  return standardError('tooLarge', `At most ${maxBytes} bytes are taken.`)
}
