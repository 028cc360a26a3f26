import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import S3rver from 's3rver'
import { checkBlobs, type StoreUnderTest } from './blobs.checks.ts'
import { BlobCorrupt } from './blobs.ts'
import { openBlobs } from './open.ts'

checkBlobs('S3', startS3)

interface S3Store extends StoreUnderTest {
  url: string
  /** `PUT /blobs/mail/ab12…?partNumber=1&…` */
  requests: string[]
  /** Answers instead of the server when it gives true. */
  intercept: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>
}

/** s3rver: objects under `mail/` of the bucket `blobs`. */
async function startS3(): Promise<S3Store> {
  const directory = await mkdtemp(join(tmpdir(), 's3-'))
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    directory,
    silent: true,
    configureBuckets: [{ name: 'blobs' }],
  })
  server.middleware.unshift(async (context, next) => {
    store.requests.push(`${context.req.method} ${context.req.url}`)
    if (await store.intercept(context.req, context.res)) context.respond = false
    else await next()
  })
  const { port } = await server.run()
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
  })
  const Bucket = 'blobs'
  const url = `s3://S3RVER:S3RVER@127.0.0.1:${port}/blobs/mail?tls=0`
  const store: S3Store = {
    url,
    requests: [],
    intercept: () => false,
    open: (options) => openBlobs(url, options),
    async read(id) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: `mail/${id}` }))
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    },
    async overwrite(id, bytes) {
      await client.send(new PutObjectCommand({ Bucket, Key: `mail/${id}`, Body: bytes }))
    },
    async names() {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }))
      return Contents.map((object) => object.Key ?? '').sort()
    },
    async [Symbol.asyncDispose]() {
      client.destroy()
      await server.close()
      await rm(directory, { recursive: true })
    },
  }
  return store
}

test('a large blob is sent in parts', async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const content = randomBytes(12_000_000)
  const { id } = await blobs.put(content)
  assert.equal(store.requests.filter((request) => /^PUT .*partNumber=/.test(request)).length, 3)
  const stored = await blobs.get(id)
  assert.ok(stored && (await buffer(stored)).equals(content))
})

test('a small blob is read in one request, and content that is there is not sent again', async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const content = randomBytes(50_000)
  const { id } = await blobs.put(content)
  store.requests.length = 0
  const stored = await blobs.get(id)
  assert.ok(stored && (await buffer(stored)).equals(content))
  assert.equal(store.requests.length, 1)
  await blobs.put(content)
  assert.deepEqual(
    store.requests.map((request) => request.split(' ')[0]),
    ['GET', 'GET'],
  )
})

test('an aborted upload is aborted at the server', { timeout: 30_000 }, async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const aborting = new AbortController()
  const removed = Promise.withResolvers<void>()
  store.intercept = async ({ method = '', url = '' }, response) => {
    if (url.includes('partNumber=2')) aborting.abort()
    // s3rver does not know AbortMultipartUpload.
    if (method !== 'DELETE' || !url.includes('uploadId=')) return false
    response.writeHead(204).end()
    removed.resolve()
    return true
  }
  const put = blobs.put(randomBytes(20_000_000), { signal: aborting.signal })
  await assert.rejects(put, { name: 'AbortError' })
  await removed.promise
  assert.deepEqual(await store.names(), [])
})

test('a store that refuses work for now is unavailable', { timeout: 60_000 }, async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const { id } = await blobs.put(Buffer.from('letter'))
  store.intercept = (_request, response) => {
    response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>')
    return true
  }
  await assertUnavailable(blobs, id)
})

test('a store that does not answer is unavailable', { timeout: 60_000 }, async () => {
  const store = await startS3()
  await using blobs = await store.open()
  const { id } = await blobs.put(Buffer.from('letter'))
  await store[Symbol.asyncDispose]()
  await assertUnavailable(blobs, id)
})

async function assertUnavailable(blobs: Awaited<ReturnType<typeof openBlobs>>, id: string): Promise<void> {
  const requests = [
    blobs.put(Buffer.from('other letter')),
    blobs.info(id),
    blobs.get(id),
    blobs.delete(id),
    Array.fromAsync(blobs.list()),
  ]
  await Promise.all(requests.map((request) => assert.rejects(request, { code: 'unavailable' })))
}

test('a connection that breaks in mid-read fails the stream as unavailable', async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const { id } = await blobs.put(randomBytes(2_000_000))
  const content = await blobs.get(id)
  assert.ok(content)
  store.intercept = async (_request, response) => {
    response.writeHead(206, { 'content-length': 1_000_000 }).write(Buffer.alloc(1000))
    await sleep(20)
    response.destroy()
    return true
  }
  await assert.rejects(buffer(content), { code: 'unavailable' })
})

test('equal content put 20 times at once is sent once', async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const content = randomBytes(1_000_000)
  await Promise.all(Array.from({ length: 20 }, () => blobs.put(content)))
  assert.equal(store.requests.filter((request) => request.startsWith('PUT')).length, 1)
})

test('aborting one of several equal puts does not stop the others', async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const content = randomBytes(10_000_000)
  const aborting = new AbortController()
  store.intercept = ({ url = '' }) => {
    if (url.includes('uploads')) aborting.abort()
    return false
  }
  const puts = [blobs.put(content), blobs.put(content, { signal: aborting.signal }), blobs.put(content)]
  const [first, , last] = await Promise.allSettled(puts)
  assert.equal(first?.status, 'fulfilled')
  assert.equal(last?.status, 'fulfilled')
  const stored = await blobs.get(first.value.id)
  assert.ok(stored && (await buffer(stored)).equals(content))
})

test('an empty object is damage', async () => {
  await using store = await startS3()
  await using blobs = await store.open()
  const { id } = await blobs.put(Buffer.from('letter'))
  // s3rver does not refuse a range of an empty object.
  store.intercept = (_request, response) => {
    response.writeHead(416).end('<Error><Code>InvalidRange</Code></Error>')
    return true
  }
  await assert.rejects(blobs.get(id), BlobCorrupt)
})

test('a missing bucket is an error, not a missing blob', async () => {
  await using store = await startS3()
  await using blobs = await openBlobs(store.url.replace('/blobs/', '/nowhere/'))
  await assert.rejects(blobs.get('a'.repeat(64)), { name: 'NoSuchBucket' })
  await assert.rejects(blobs.put(Buffer.from('letter')), { name: 'NoSuchBucket' })
})
