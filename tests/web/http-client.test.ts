import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { Download, Upload } from '#contracts/blobs.ts'
import { createClient } from '#contracts/client.ts'
import { command, contract, query } from '#contracts/contract.ts'
import type { CallError } from '#contracts/errors.ts'
import { addressOf, createHttpCaller } from '#contracts/http-client.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { defineService } from '#platform/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'

const Letter = z.object({ id: z.string(), isOpen: z.boolean(), tags: z.array(z.string()), pages: z.int() })

const office = contract('office', {
  calls: {
    findLetter: query({
      http: 'GET /office/letters/{id}',
      access: 'public',
      input: z.object({
        id: z.string(),
        isOpen: z.stringbool().default(false),
        tags: z.array(z.string()).default([]),
        pages: z.int().default(1),
      }),
      output: Letter,
    }),
    writeLetter: command(
      {
        http: 'PUT /office/letters/{id} 201',
        access: 'public',
        input: z.object({
          id: z.string(),
          text: z.string().min(3),
          to: z.object({ name: z.string() }).optional(),
        }),
        output: z.object({ id: z.string(), text: z.string() }),
      },
      'boxFull 422',
    ),
    burnLetter: command({
      http: 'DELETE /office/letters/{id} 204',
      access: 'public',
      input: z.object({ id: z.string(), isSure: z.stringbool() }),
      output: z.null(),
      idempotency: 'none',
    }),
    hangPicture: command({
      http: 'POST /office/pictures/{wall}',
      access: 'public',
      input: z.object({ wall: z.string(), upload: Upload, isCrooked: z.stringbool().default(false) }),
      output: z.object({ wall: z.string(), isCrooked: z.boolean(), upload: Upload }),
      upload: { maxBytes: 1000 },
    }),
    showPicture: query({
      http: 'GET /office/pictures/{wall}',
      access: 'public',
      input: z.object({ wall: z.string() }),
      output: Download,
      download: true,
    }),
    sleep: query({ http: 'GET /office/sleep', access: 'public', input: z.object({}), output: z.null() }),
    secret: query({ http: 'GET /office/secret', access: 'account', input: z.object({}), output: z.null() }),
  },
})

let hung: z.output<typeof Upload> | undefined
const service = defineService({
  contract: office,
  calls: {
    findLetter: async (letter) => letter,
    writeLetter: async ({ id, text }, { fail }) =>
      text === 'too much' ? fail('boxFull', 'The box is full.') : { id, text },
    burnLetter: async ({ isSure }, { fail }) => (isSure ? null : fail('conflict')),
    async hangPicture({ wall, isCrooked, upload }, context) {
      const content = (await context.uploads.get(upload.blob)) ?? context.fail('notFound')
      await context.blobs.put(content)
      hung = upload
      return { wall, isCrooked, upload }
    },
    showPicture: async () => ({ ...hung!, fileName: 'picture.png' }),
    sleep: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))),
    secret: async () => null,
  },
})

let host: TestHost
let origin = ''
before(async () => {
  host = await testHost({ services: [gatewayTo([office]), service], settings: { LIMIT_ANONYMOUS: 'none' } })
  origin = host.announced.find(([what]) => what === 'web')![1]
})
after(() => host[Symbol.asyncDispose]())

const client = () => createClient(office, createHttpCaller({ origin }))
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.fail('it answered'),
    (error: CallError) => error,
  )

test('fields go into the path and the query string, whatever signs they have', async () => {
  const letter = { id: 'a/b ?&ক', isOpen: 'true', tags: ['x&y', 'z'], pages: 7 }
  assert.deepEqual(await client().findLetter(letter), { ...letter, isOpen: true })
})

test('fields of a command go into the body', async () => {
  const answer = await client().writeLetter({ id: 'a%2Fb', text: 'hello', to: { name: 'Mina' } })
  assert.equal(answer.id, 'a%2Fb')
})

test('a command whose answer is stored carries an idempotency key, the one it is given or a new one', async () => {
  const keys: (string | null)[] = []
  const watched = createClient(
    office,
    createHttpCaller({
      origin,
      fetch(address, init) {
        keys.push(new Headers(init?.headers).get('idempotency-key'))
        return fetch(address, init)
      },
    }),
  )
  await watched.writeLetter({ id: '1', text: 'once' }, { idempotencyKey: 'given' })
  await watched.writeLetter({ id: '1', text: 'once' })
  await watched.writeLetter({ id: '1', text: 'once' })
  await watched.burnLetter({ id: '1', isSure: 'true' })
  await watched.findLetter({ id: '1' })
  assert.equal(keys[0], 'given')
  assert.match(keys[1] ?? '', /^[0-9a-f]{32}$/)
  assert.notEqual(keys[1], keys[2])
  assert.deepEqual(keys.slice(3), [null, null])
})

test('an answer without content is null', async () => {
  assert.equal(await client().burnLetter({ id: '1', isSure: 'true' }), null)
})

test('bytes are uploaded as the body and downloaded as bytes', async () => {
  const caller = createHttpCaller({ origin })
  const picture = new Blob(['not really a picture'], { type: 'image/png' })
  const hungUp = await caller.call(office.calls.hangPicture, {
    wall: 'north side',
    isCrooked: 'true',
    upload: picture,
  })
  assert.equal(hungUp.wall, 'north side')
  assert.equal(hungUp.isCrooked, true)
  assert.equal(hungUp.upload.mediaType, 'image/png')
  const shown = await caller.call(office.calls.showPicture, { wall: 'north side' })
  assert.equal(await shown.text(), 'not really a picture')
  assert.equal(addressOf(office.calls.showPicture, { wall: 'north side' }), '/office/pictures/north%20side')
})

test('failures are call errors with their code, status and fields', async () => {
  const invalid = await failure(client().writeLetter({ id: '1', text: 'x' }))
  assert.equal(invalid.code, 'invalid')
  assert.deepEqual(
    invalid.fields?.map(({ path }) => path),
    ['text'],
  )
  const declared = await failure(client().writeLetter({ id: '1', text: 'too much' }))
  assert.deepEqual([declared.code, declared.status, declared.message], ['boxFull', 422, 'The box is full.'])
  assert.equal((await failure(client().secret({}))).code, 'unauthenticated')
})

test('a server that is not there is unreachable, one that stands in for it unavailable', async () => {
  const nobody = createClient(office, createHttpCaller({ origin: `http://127.0.0.1:${await freePort()}` }))
  const error = await failure(nobody.secret({}))
  assert.deepEqual([error.code, error.status], ['unreachable', 0])
  const proxy = async () => new Response('<h1>Bad gateway</h1>', { status: 502 })
  const behind = createClient(office, createHttpCaller({ fetch: proxy }))
  assert.equal((await failure(behind.secret({}))).code, 'unavailable')
})

test('a call that is given up is cancelled, one that takes too long ends', async () => {
  const controller = new AbortController()
  const slow = failure(client().sleep({}, { signal: controller.signal }))
  controller.abort()
  assert.equal((await slow).code, 'cancelled')
  assert.equal((await failure(client().sleep({}, { deadlineMs: 50 }))).code, 'deadlineExceeded')
})
