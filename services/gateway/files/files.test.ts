import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { BlobId, Download, Upload } from '#contracts/blobs.ts'
import { command, contract, query } from '#contracts/contract.ts'
import { defineService } from '#platform/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { removeOldUploads } from './upload.ts'

const MiB = 1024 * 1024
const Name = z.string().max(255).default('file.bin')

const attic = contract('attic', {
  calls: {
    store: command(
      {
        http: 'POST /attic/shelves/{shelf} 201',
        access: 'public',
        upload: { maxBytes: 250 * MiB },
        input: z.strictObject({ shelf: z.string(), fileName: Name, upload: Upload }),
        output: Upload.extend({ shelf: z.string(), fileName: Name }),
      },
      'full 507',
    ),
    storeSmall: command({
      http: 'PUT /attic/small',
      access: 'public',
      upload: { maxBytes: 1000 },
      input: z.object({ upload: Upload }),
      output: Upload,
    }),
    storeOwn: command({
      http: 'POST /attic/own',
      access: 'account',
      upload: { maxBytes: MiB },
      input: z.object({ upload: Upload }),
      output: Upload,
    }),
    fetch: query({
      http: 'GET /attic/{blob}',
      access: 'public',
      download: true,
      input: z.object({ blob: BlobId, fileName: Name, mediaType: z.string().default('image/png') }),
      output: Download,
    }),
  },
})

/** Keeps what it is given: copies it out of what was uploaded. */
const atticService = defineService({
  contract: attic,
  calls: {
    async store({ upload, ...place }, context) {
      if (place.shelf === 'full') context.fail('full')
      const content = await context.uploads.get(upload.blob)
      await context.blobs.put(content!)
      return { ...upload, ...place }
    },
    storeSmall: async ({ upload }) => upload,
    storeOwn: async ({ upload }) => upload,
    async fetch({ blob, fileName, mediaType }, context) {
      const { sizeBytes } = (await context.blobs.info(blob)) ?? context.fail('notFound')
      return { blob, fileName, mediaType, sizeBytes }
    },
  },
})

let host: TestHost
let web: string
before(async () => {
  host = await testHost({ services: [gatewayTo([attic]), atticService], settings: { LOG_LEVEL: 'fatal' } })
  ;[, web] = host.announced.find(([what]) => what === 'web')! as [string, string]
})
after(() => host[Symbol.asyncDispose]())

const send = (path: string, init: RequestInit = {}) => fetch(web + path, init)
const post = (path: string, body: Buffer | string, headers = {}) =>
  send(path, { method: 'POST', body: body as string, headers })
const sha256 = (content: Buffer) => createHash('sha256').update(content).digest('hex')
/** Ids of what is uploaded and not kept. */
const uploads = async () => {
  const names = await readdir(join(host.dataDirectory, 'blobs', 'uploads'), { recursive: true })
  return names
    .map((name) => name.slice(name.lastIndexOf('/') + 1))
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
}

async function stored(content: Buffer): Promise<string> {
  const answer = await post('/attic/shelves/top', content)
  assert.equal(answer.status, 201)
  return sha256(content)
}

test('bytes go up by reference and come down again', async () => {
  const content = randomBytes(3 * MiB + 17)
  const answer = await post('/attic/shelves/top?fileName=a%20b', content, { 'content-type': 'image/webp' })
  assert.equal(answer.status, 201)
  const blob = sha256(content)
  assert.deepEqual(await answer.json(), {
    blob,
    sizeBytes: content.length,
    mediaType: 'image/webp',
    shelf: 'top',
    fileName: 'a b',
  })
  const down = await send(`/attic/${blob}`)
  assert.equal(down.status, 200)
  assert.ok(Buffer.from(await down.arrayBuffer()).equals(content))
  assert.equal(down.headers.get('content-length'), String(content.length))
  assert.equal(down.headers.get('etag'), `"${blob}"`)
  const empty = await stored(Buffer.alloc(0))
  assert.equal((await (await send(`/attic/${empty}`)).arrayBuffer()).byteLength, 0)
})

test('a large file goes both ways without being held in memory', async () => {
  const chunk = randomBytes(MiB)
  const pieces = Number(process.env.FILES_MIB ?? 40)
  const hash = createHash('sha256')
  let mostBytes = 0
  const watch = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage.rss())), 20)
  const atFirst = process.memoryUsage.rss()
  const up = request(`${web}/attic/shelves/top`, {
    method: 'POST',
    headers: { 'content-length': pieces * MiB },
  })
  const answered = once(up, 'response') as Promise<[IncomingMessage]>
  await pipeline(
    Readable.from(
      (function* () {
        for (let piece = 0; piece < pieces; piece++) {
          hash.update(chunk)
          yield chunk
        }
      })(),
    ),
    up,
  )
  const [answer] = await answered
  assert.equal(answer.statusCode, 201)
  answer.resume()
  const blob = hash.digest('hex')
  const down = await send(`/attic/${blob}`)
  const received = createHash('sha256')
  for await (const piece of down.body!) received.update(piece)
  assert.equal(received.digest('hex'), blob)
  clearInterval(watch)
  // Client, gateway and service share this process.
  assert.ok(mostBytes - atFirst < 120 * MiB, `${Math.round((mostBytes - atFirst) / MiB)} MiB more`)
})

test('what is too large, compressed or not what it says is refused', async () => {
  const small = (body: Buffer | Readable, headers: Record<string, string> = {}) =>
    send('/attic/small', {
      method: 'PUT',
      headers,
      body: (body instanceof Readable ? Readable.toWeb(body) : body) as unknown as string,
      duplex: 'half',
    } as RequestInit)
  const digest = (content: Buffer) => createHash('sha256').update(content).digest('base64')
  assert.equal((await small(randomBytes(1000))).status, 200)
  const tooLarge = await small(randomBytes(1001))
  assert.deepEqual([tooLarge.status, ((await tooLarge.json()) as { code: string }).code], [413, 'tooLarge'])
  const endless = Readable.from(
    (function* () {
      for (let i = 0; i < 100; i++) yield randomBytes(100)
    })(),
  )
  assert.equal((await small(endless)).status, 413)
  const body = randomBytes(100)
  assert.equal((await small(body, { 'content-encoding': 'gzip' })).status, 415)
  assert.equal((await small(body, { 'content-digest': `sha-256=:${digest(body)}:` })).status, 200)
  assert.equal((await small(body, { 'content-digest': 'md5=:AAAA:' })).status, 200)
  for (const wrong of [`sha-256=:${digest(randomBytes(1))}:`, 'sha-256=x', 'sha-512=:x:, sha-256=::'])
    assert.equal((await small(body, { 'content-digest': wrong })).status, 400, wrong)
})

test('who may not make the call does not get to send its bytes', async () => {
  const up = request(`${web}/attic/own`, { method: 'POST', headers: { 'content-length': MiB } })
  up.on('error', () => undefined).write(randomBytes(1000))
  const [answer] = (await once(up, 'response')) as [IncomingMessage]
  assert.equal(answer.statusCode, 401)
  up.destroy()
  assert.deepEqual((await post('/attic/own', 'x')).status, 401)
})

test('a reference can not be had by saying so', async () => {
  const [content, other] = [randomBytes(100), randomBytes(100)]
  await stored(other)
  const forged = encodeURIComponent(JSON.stringify({ blob: sha256(other), sizeBytes: 1, mediaType: 'x/y' }))
  const answer = await post(`/attic/shelves/top?upload=${forged}`, content)
  assert.equal(((await answer.json()) as Upload).blob, sha256(content))
})

test('an upload that breaks off is not stored', async () => {
  const before = await uploads()
  const up: ClientRequest = request(`${web}/attic/shelves/top`, {
    method: 'POST',
    headers: { 'content-length': MiB },
  })
  up.on('error', () => undefined).write(randomBytes(MiB / 2))
  await delay(100)
  up.destroy()
  await delay(100)
  assert.deepEqual(await uploads(), before)
  assert.deepEqual(await readdir(join(host.dataDirectory, 'blobs', 'uploads', 'incoming')), [])
})

test('what a call did not keep goes after a day, what it kept stays', async () => {
  const [kept, refused] = [randomBytes(100), randomBytes(100)]
  await stored(kept)
  assert.equal((await post('/attic/shelves/full', refused)).status, 507)
  assert.ok((await uploads()).includes(sha256(refused)))
  const { openBlobs } = await import('#platform/blobs/open.ts')
  const lines: object[] = []
  const log = { info: (facts: object) => void lines.push(facts) } as never
  await using store = await openBlobs(`file:${join(host.dataDirectory, 'blobs', 'uploads')}`)
  await removeOldUploads({ uploads: store, log })
  assert.ok((await uploads()).includes(sha256(refused)), 'not at once')
  const aDayLater = {
    ...store,
    deleteStoredBefore: (time: Date) => store.deleteStoredBefore(new Date(time.getTime() + 86_401_000)),
  }
  await removeOldUploads({ uploads: aDayLater, log })
  assert.deepEqual(await uploads(), [])
  assert.equal(lines.length, 1)
  assert.equal((await send(`/attic/${sha256(kept)}`)).status, 200)
})

test('a part is sent to who asks for a part', async (t) => {
  const content = randomBytes(600_000)
  const blob = await stored(content)
  const cases: [range: string, status: number, start?: number, end?: number][] = [
    ['bytes=0-0', 206, 0, 1],
    ['bytes=0-499', 206, 0, 500],
    ['bytes=262143-262145', 206, 262_143, 262_146],
    ['bytes=500-', 206, 500],
    ['bytes=-100', 206, content.length - 100],
    ['bytes=-999999999', 206, 0],
    ['bytes=599999-9999999', 206, 599_999],
    ['BYTES=1-2', 206, 1, 3],
    ['bytes=600000-', 416],
    ['bytes=-0', 416],
    ['bytes=5-1', 200],
    ['bytes=0-1,5-6', 200],
    ['bytes=-', 200],
    ['bytes=a-b', 200],
    ['lines=1-2', 200],
    ['', 200],
    [`bytes=${'9'.repeat(30)}-`, 200],
  ]
  for (const [range, status, start = 0, end = content.length] of cases)
    await t.test(range, async () => {
      const answer = await send(`/attic/${blob}`, { headers: { range } })
      assert.equal(answer.status, status)
      const body = Buffer.from(await answer.arrayBuffer())
      if (status === 416)
        return assert.equal(answer.headers.get('content-range'), `bytes */${content.length}`)
      assert.ok(body.equals(content.subarray(start, end)))
      const described = status === 206 ? `bytes ${start}-${end - 1}/${content.length}` : null
      return assert.equal(answer.headers.get('content-range'), described)
    })
  const conditional = (headers: Record<string, string>) => send(`/attic/${blob}`, { headers })
  const range = 'bytes=0-9'
  assert.equal((await conditional({ range, 'if-range': `"${blob}"` })).status, 206)
  assert.equal((await conditional({ range, 'if-range': '"other"' })).status, 200)
  assert.equal((await conditional({ range, 'if-range': 'Tue, 01 Jan 2030 00:00:00 GMT' })).status, 200)
  assert.equal((await conditional({ range, 'if-none-match': `"${blob}"` })).status, 304)
  assert.equal((await conditional({ 'if-none-match': '"other"' })).status, 200)
  const head = await send(`/attic/${blob}`, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), String(content.length))
})

test('what somebody uploaded is shown without power, or saved under its name', async () => {
  const blob = await stored(Buffer.from('<script>alert(1)</script>'))
  const fetchAs = async (mediaType: string, fileName = 'x') => {
    const query = new URLSearchParams({ mediaType, fileName })
    const { headers } = await send(`/attic/${blob}?${query}`)
    return { type: headers.get('content-type'), disposition: headers.get('content-disposition')!, headers }
  }
  for (const shown of ['image/png', 'IMAGE/JPEG', 'video/mp4', 'text/plain; charset=latin1'])
    assert.match((await fetchAs(shown)).disposition, /^inline; /, shown)
  for (const saved of [
    'text/html',
    'image/svg+xml',
    'application/pdf',
    'text/xml',
    'nonsense',
    'a/b\r\nx: y',
  ])
    assert.match((await fetchAs(saved)).disposition, /^attachment; /, saved)
  assert.equal((await fetchAs('nonsense')).type, 'application/octet-stream')
  const { headers } = await fetchAs('image/png')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.match(headers.get('content-security-policy')!, /default-src 'none'.*sandbox/)
  const names: [name: string, disposition: string][] = [
    ['tea.png', `filename="tea.png"; filename*=UTF-8''tea.png`],
    ['চা "1".png', `filename="__ _1_.png"; filename*=UTF-8''%E0%A6%9A%E0%A6%BE%20%221%22.png`],
    ["it's (50%)*.png", `filename="it's (50_)*.png"; filename*=UTF-8''it%27s%20%2850%25%29%2A.png`],
    ['../../etc/passwd', `filename=".._.._etc_passwd"; filename*=UTF-8''.._.._etc_passwd`],
    ['a\r\nb', `filename="a__b"; filename*=UTF-8''a__b`],
  ]
  for (const [name, disposition] of names)
    assert.equal((await fetchAs('image/png', name)).disposition, `inline; ${disposition}`)
})

test('a reader that leaves midway, or reads slowly, costs nothing', async () => {
  const blob = await stored(randomBytes(20 * MiB))
  const down = request(`${web}/attic/${blob}`).end()
  const [answer] = (await once(down, 'response')) as [IncomingMessage]
  await once(answer, 'data')
  answer.pause()
  // Until the buffers of the kernel are full.
  await delay(500)
  const atFirst = process.memoryUsage().arrayBuffers
  await delay(500)
  assert.ok(process.memoryUsage().arrayBuffers - atFirst < MiB)
  answer.on('error', () => undefined)
  down.destroy()
  const whole = await buffer((await send(`/attic/${blob}`)).body!)
  assert.equal(whole.length, 20 * MiB)
})
