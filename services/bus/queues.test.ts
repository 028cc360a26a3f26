import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { bus } from '#contracts/bus.ts'
import { command, contract } from '#contracts/contract.ts'
import { defineService, subscription } from '#platform/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { sampleQueues } from './queue-samples.ts'
import busService from './service.ts'

const letters = contract('letters', {
  calls: { post: command({ access: 'service', input: z.object({}), output: z.null() }) },
  events: { posted: z.object({}) },
})
const letterbox = defineService({
  contract: letters,
  calls: {
    async post(_, context) {
      await context.bus.emit(letters.events.posted, {})
      return null
    },
  },
  roles: {
    api: {
      summary: 'takes letters',
      subscriptions: [
        subscription({
          name: 'letters.jam',
          event: letters.events.posted,
          retryDelaysMs: [60_000],
          handle: async () => {
            throw new Error('jammed')
          },
        }),
      ],
    },
  },
})

let host: TestHost
before(async () => {
  host = await testHost({ services: [busService, letterbox] })
})
after(() => host?.[Symbol.asyncDispose]())

test('admins see how many events wait, by subscription', async () => {
  await host.client(letters).post({})
  await host.client(letters).post({})
  const { queues, samples } = await host.client(bus).showQueues({})
  const jam = queues.find(({ subscription }) => subscription === 'letters.jam')
  assert.equal(jam?.depth, 2)
  assert.ok(jam.lagSeconds >= 0 && jam.lagSeconds < 60, String(jam.lagSeconds))
  assert.ok(samples.length >= 1)
})

test('a sample sums depths and tells the longest wait', async () => {
  await using samples = await sampleQueues(async () => [
    { subscription: 'a', depth: 3, lagSeconds: 2 },
    { subscription: 'b', depth: 4, lagSeconds: 9 },
  ])
  assert.deepEqual(
    samples.all().map(({ depth, lagSeconds }) => ({ depth, lagSeconds })),
    [{ depth: 7, lagSeconds: 9 }],
  )
})

test('what can not be read leaves a gap', async () => {
  await using samples = await sampleQueues(async () => Promise.reject(new Error('away')))
  assert.deepEqual(samples.all(), [])
})
