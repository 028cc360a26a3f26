import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  S3Client,
  S3ServiceException,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { standardError } from '#contracts/errors.ts'
import type { StoredBytes } from './container-reader.ts'

/** What the first request of a read fetches: the whole of most blobs. */
const headBytes = 64 * 1024

/** One bucket, or one prefix in it. Names are without the prefix. Everything fails with `unavailable` on an outage. */
export interface Bucket {
  /** Undefined when there is no such object. Later reads see the version that the first request saw, or fail. */
  open(name: string): Promise<StoredBytes | undefined>
  /** In one request, or in parts above 5 MiB. A failure or an abort removes the parts. */
  upload(name: string, file: FileHandle, signal?: AbortSignal): Promise<void>
  delete(name: string): Promise<void>
  list(): AsyncIterable<{ name: string; storedAt: Date }>
  close(): void
}

/** `s3://key:secret@host:port/bucket/prefix?region=…&tls=0` */
export function connectBucket(url: string): Bucket {
  const { client, Bucket, prefix } = connect(url)
  const get = (name: string, start: number, end: number, version?: string) => {
    const range = { Range: `bytes=${start}-${end - 1}`, ...(version && { IfMatch: version }) }
    return client.send(new GetObjectCommand({ Bucket, Key: prefix + name, ...range }))
  }

  /** The SDK repeats a request that got no answer, but not one whose answer broke off. */
  const readHead = async (name: string, tries = 3) => {
    for (;;)
      try {
        const first = await get(name, 0, headBytes)
        return { first, head: Buffer.concat(await (first.Body as Readable).toArray()) }
      } catch (error) {
        if (error instanceof S3ServiceException || --tries === 0) throw error
      }
  }

  return {
    async open(name) {
      try {
        const { first, head } = await readHead(name)
        return {
          // `bytes 0-65535/146515`, RFC 9110 §14.4
          sizeBytes: Number(first.ContentRange?.split('/')[1]),
          async *read(start, end) {
            if (end <= head.length) return yield head.subarray(start, end)
            try {
              yield* (await get(name, start, end, first.ETag)).Body as Readable
            } catch (error) {
              throw requestFailure(error)
            }
          },
        }
      } catch (error) {
        if (isNamed(error, 'NoSuchKey')) return undefined
        // RFC 9110 §15.5.17: an empty object has no range.
        if (isNamed(error, 'InvalidRange')) return { sizeBytes: 0, async *read() {} }
        throw requestFailure(error)
      }
    },

    async upload(name, file, signal) {
      signal?.throwIfAborted()
      const { size } = await file.stat()
      const Body = file.createReadStream({ start: 0, end: size - 1, autoClose: false })
      const upload = new Upload({ client, params: { Bucket, Key: prefix + name, Body }, queueSize: 2 })
      const abort = () => void upload.abort()
      signal?.addEventListener('abort', abort)
      try {
        await upload.done()
      } catch (error) {
        throw requestFailure(error)
      } finally {
        signal?.removeEventListener('abort', abort)
      }
    },

    async delete(name) {
      try {
        await client.send(new DeleteObjectCommand({ Bucket, Key: prefix + name }))
      } catch (error) {
        throw requestFailure(error)
      }
    },

    async *list() {
      try {
        for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: prefix }))
          for (const { Key = '', LastModified = new Date() } of Contents)
            yield { name: Key.slice(prefix.length), storedAt: LastModified }
      } catch (error) {
        throw requestFailure(error)
      }
    },

    close: () => client.destroy(),
  }
}

function connect(text: string): { client: S3Client; Bucket: string; prefix: string } {
  const url = new URL(text)
  const [, Bucket, prefix = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? []
  if (!url.host || !Bucket) throw new Error('S3 needs an address like s3://key:secret@host/bucket')
  const client = new S3Client({
    endpoint: `${url.searchParams.get('tls') === '0' ? 'http' : 'https'}://${url.host}`,
    region: url.searchParams.get('region') ?? 'us-east-1',
    forcePathStyle: true,
    // Checksum trailers are AWS's own; other servers store them as part of the object.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    ...(url.username && {
      credentials: {
        accessKeyId: decodeURIComponent(url.username),
        secretAccessKey: decodeURIComponent(url.password),
      },
    }),
  })
  return { client, Bucket, prefix: prefix && prefix.replace(/\/?$/, '/') }
}

/** No answer, overload, and an object replaced while it was read are `unavailable`. A refusal stays what it is. */
function requestFailure(error: unknown): unknown {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined
  const isRefusal = status !== undefined && status < 500 && status !== 412 && status !== 429
  if (isRefusal || isNamed(error, 'AbortError')) return error
  const unavailable = standardError('unavailable', 'the blob store does not answer')
  unavailable.cause = error
  return unavailable
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}
