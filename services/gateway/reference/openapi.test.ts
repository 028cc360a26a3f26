import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { command, contract, query, stream } from '#contracts/contract.ts'
import { Download, Upload } from '#contracts/blobs.ts'
import { contracts } from '#contracts/all.ts'
import { docsPage } from './docs-page.ts'
import { openApiDocument, type OpenApiDocument } from './openapi.ts'
import { kiosk } from '#services/gateway/testing.ts'

const Person = z.object({
  name: z.string().describe('<b>full</b> name'),
  get children() {
    return z.array(Person)
  },
})
const families = contract('families', {
  summary: 'Trees & <people>.',
  calls: {
    savePerson: command(
      {
        http: 'PUT /families/{name}',
        access: 'staff',
        input: Person,
        output: z.object({ at: z.iso.datetime() }),
      },
      'taken',
    ),
    findPeople: query({
      http: ['GET /families', 'GET /families/all'],
      access: 'account',
      input: z.union([z.object({ born: z.date() }), z.object({ alive: z.boolean() })]),
      output: Person,
    }),
    hangPortrait: command({
      http: 'POST /families/{name}/portrait',
      access: 'account',
      upload: { maxBytes: 1000 },
      input: z.object({ name: z.string(), painter: z.string(), upload: Upload }),
      output: z.null(),
    }),
    showPortrait: query({
      http: 'GET /families/{name}/portrait',
      access: 'account',
      download: true,
      input: z.object({ name: z.string() }),
      output: Download,
    }),
  },
  streams: {
    news: stream({
      http: 'GET /families/{name}/news',
      access: 'account',
      input: z.object({ name: z.string(), after: z.int().optional() }),
      output: z.object({ number: z.int() }),
      sequence: ({ number }) => number,
    }),
    secrets: stream({ access: 'service', input: z.object({}), output: z.string() }),
  },
})
const all = [...contracts, kiosk, families]
const document = openApiDocument(all)

test('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, reference = '']) => reference,
  )
  assert.ok(references.length > 0)
  for (const reference of references) assert.ok(lookUp(document, reference), reference)
})

test('every parameter of a path is declared, and nothing else is', () => {
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { parameters }] of Object.entries(operations)) {
      const declared = parameters
        .filter(({ in: place, required }) => place === 'path' && required)
        .map(({ name }) => name)
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      assert.deepEqual(declared.toSorted(), named.toSorted(), `${method} ${path}`)
      const keys = parameters.map(({ name, in: place }) => `${place} ${name}`)
      assert.equal(new Set(keys).size, keys.length, `${method} ${path}`)
    }
})

test('every door has an operation with a name of its own', () => {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
  const doors = all.flatMap(({ calls, streams }) => [
    ...Object.values(calls).flatMap(({ http }) => http),
    ...Object.values(streams).flatMap(({ http }) => http ?? []),
  ])
  assert.equal(operations.length, doors.length)
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
})

test('an operation says what its call says', () => {
  const add = document.paths['/kiosk/items']!.post!
  assert.equal(add.operationId, 'kiosk.addItem')
  assert.deepEqual(add.tags, ['kiosk'])
  assert.deepEqual(add.security, [])
  assert.ok(add.responses['201'])
  assert.deepEqual(add.responses['409']!['x-codes'], ['soldOut', 'idempotencyKeyInUse'])
  assert.deepEqual(add.responses['410']!['x-codes'], ['moved'])
  for (const status of ['400', '401', '413', '415', '422', '429', '500', '503', '504'])
    assert.ok(add.responses[status], status)
  assert.ok(add.parameters.some(({ name }) => name === 'Idempotency-Key'))
  const save = document.paths['/families/{name}']!.put!
  assert.equal(save['x-access'], 'staff')
  assert.ok(save.responses['403'])
  const list = document.paths['/kiosk/items']!.get!
  assert.ok(list.responses['304'])
  assert.equal(list.parameters.find(({ name }) => name === 'limit')?.schema.maximum, 10)
})

test('bytes that go up and down are told apart from JSON', () => {
  const portrait = document.paths['/families/{name}/portrait']!
  const { parameters, requestBody } = portrait.post!
  assert.deepEqual(Object.keys(requestBody!.content), ['*/*'])
  assert.deepEqual(
    parameters.map(({ name, in: place }) => `${place} ${name}`),
    ['path name', 'query painter', 'header Idempotency-Key'],
  )
  assert.deepEqual(Object.keys(portrait.get!.responses).slice(0, 4), ['200', '206', '304', '400'])
  assert.ok(portrait.get!.responses['200']!.content!['*/*'])
})

test('a stream is an operation too', () => {
  const { operationId, parameters, responses } = document.paths['/families/{name}/news']!.get!
  assert.equal(operationId, 'families.news')
  assert.deepEqual(
    parameters.map(({ name }) => name),
    ['name', 'after', 'Last-Event-ID'],
  )
  assert.ok(responses['200']!.content!['text/event-stream'])
  const page = docsPage(document, all)
  assert.match(page, /families\.news/)
  assert.match(page, /&quot;type&quot;:&quot;subscribe&quot;/)
  assert.doesNotMatch(page, /families\.secrets/)
})

test('a path parameter is not asked for in the body again', () => {
  const { schema } = document.paths['/kiosk/items/{id}']!.patch!.requestBody!.content['application/json']!
  assert.deepEqual(Object.keys(schema.properties ?? {}), ['name', 'price'])
})

test('the same contracts give the same document', () => {
  assert.equal(JSON.stringify(openApiDocument(all)), JSON.stringify(document))
})

test('the reference shows every operation and every link leads somewhere', () => {
  const page = docsPage(document, all)
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path)))
    assert.ok(page.includes(`id="${operation.operationId}"`), operation.operationId)
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.has(target), target)
})

test('the reference has no scripts, and contracts write no markup into it', () => {
  const page = docsPage(document, all)
  assert.doesNotMatch(page, /<script|<b>|<people>| on\w+=|style="/)
  assert.match(page, /Trees &amp; &lt;people&gt;/)
})

function lookUp(from: OpenApiDocument, reference: string): unknown {
  assert.ok(reference.startsWith('#/'), reference)
  const names = reference.slice(2).split('/')
  return names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], from)
}
