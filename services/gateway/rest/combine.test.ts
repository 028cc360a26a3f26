import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { contract, query } from '#contracts/contract.ts'
import type { Problem } from '#contracts/problem.ts'
import { defineService } from '#platform/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send } from '#services/gateway/testing.ts'

const office = contract('office', {
  calls: {
    greet: query(
      {
        http: 'GET /office/greet',
        access: 'public',
        input: z.object({ name: z.string().min(2) }),
        output: z.string(),
      },
      'closed',
    ),
    keys: query({ http: 'GET /office/keys', access: 'service', input: z.object({}), output: z.string() }),
    sleep: query({ http: 'GET /office/sleep', access: 'public', input: z.object({}), output: z.null() }),
    seldom: query({
      http: 'GET /office/seldom',
      access: 'public',
      limits: ['anonymous'],
      input: z.object({}),
      output: z.null(),
    }),
    inner: query({ access: 'public', input: z.object({}), output: z.null() }),
  },
})
const service = defineService({
  contract: office,
  calls: {
    greet: async ({ name }, { fail }) => (name === 'Sunday' ? fail('closed') : `Hello ${name}`),
    keys: async () => 'under the mat',
    sleep: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))),
    seldom: async () => null,
    inner: async () => null,
  },
})

let host: TestHost
let door: { port: number }
before(async () => {
  host = await testHost({ services: [gatewayTo([office]), service], settings: { SERVICE_KEY: 'the-key' } })
  const [, address = ''] = host.announced.find(([what]) => what === 'web') ?? []
  door = { port: Number(new URL(address).port) }
})
after(() => host[Symbol.asyncDispose]())

const combine = async (wishes: object, headers = {}) => {
  const { status, text } = await send(door, 'POST /api/combine', { body: { wishes }, headers })
  return {
    status,
    ...(JSON.parse(text) as {
      isPartial: boolean
      answers: Record<string, { output?: unknown; problem?: Partial<Problem> }>
    }),
  }
}

test('every query answers under its name, with the rights of the caller', async () => {
  const wishes = {
    hello: { query: 'office.greet', input: { name: 'Mina' } },
    secret: { query: 'office.keys' },
  }
  const { status, isPartial, answers } = await combine(wishes, { 'x-api-key': 'the-key' })
  assert.equal(status, 200)
  assert.equal(isPartial, false)
  assert.deepEqual(answers, { hello: { output: 'Hello Mina' }, secret: { output: 'under the mat' } })
})

test('what fails, fails alone', async () => {
  const { isPartial, answers } = await combine({
    hello: { query: 'office.greet', input: { name: 'Mina' } },
    declared: { query: 'office.greet', input: { name: 'Sunday' } },
    invalid: { query: 'office.greet', input: { name: 'M' } },
    secret: { query: 'office.keys' },
    unknown: { query: 'office.nothing' },
    hidden: { query: 'office.inner' },
    limited: { query: 'office.seldom' },
    prototype: { query: 'constructor' },
  })
  assert.equal(isPartial, true)
  assert.deepEqual(answers.hello, { output: 'Hello Mina' })
  const codes = Object.entries(answers).map(([name, { problem }]) => [name, problem?.status, problem?.code])
  assert.deepEqual(codes, [
    ['hello', undefined, undefined],
    ['declared', 409, 'closed'],
    ['invalid', 400, 'invalid'],
    ['secret', 401, 'unauthenticated'],
    ['unknown', 404, 'notFound'],
    ['hidden', 404, 'notFound'],
    ['limited', 404, 'notFound'],
    ['prototype', 404, 'notFound'],
  ])
  assert.deepEqual(
    answers.invalid?.problem?.errors?.map(({ path }) => path),
    ['name'],
  )
})

test('a slow part fails after its time while the rest answers', async () => {
  const startedAt = Date.now()
  const { answers } = await combine({
    slow: { query: 'office.sleep' },
    hello: { query: 'office.greet', input: { name: 'Mina' } },
  })
  assert.ok(Date.now() - startedAt < 4_000)
  assert.equal(answers.slow?.problem?.code, 'deadlineExceeded')
  assert.deepEqual(answers.hello, { output: 'Hello Mina' })
})

test('more than 20 queries are refused', async () => {
  const wishes = Object.fromEntries(
    Array.from({ length: 21 }, (_, i) => [`w${i}`, { query: 'office.greet' }]),
  )
  assert.equal((await combine(wishes)).status, 400)
})
