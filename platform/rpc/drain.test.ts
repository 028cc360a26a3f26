import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connectRpc } from './connection.ts'
import { kinds } from './frame.ts'
import { listenRpc } from './server.ts'
import { echo, RawPeer, reachState, sharedKey, startPair, unusedAddress } from './testing.ts'

const call = { method: 'test.echo', input: 'hello', timeoutMs: 5000 }
const security = { sharedKey }
const handler = { call: echo, stream: async function* () {} }
const never = { call: () => new Promise(() => {}) }

test('draining finishes what runs and refuses what is new', async () => {
  const release = Promise.withResolvers<string>()
  await using pair = await startPair({
    call: ({ input }) => (input === 'slow' ? release.promise : echo(call as never)),
  })
  const slow = pair.connection.call({ ...call, input: 'slow' })
  using eager = await RawPeer.connectProven(pair.server.address)
  await delay(20)
  const drained = pair.server.drain(5000)
  await reachState(pair.connection, 'draining')
  await assert.rejects(pair.connection.call(call), { code: 'unavailable', notSent: true })
  await eager.frame(kinds.goAway)
  eager.send([kinds.call, 1, 'test.echo', 1, 1000, null, null, null, 0])
  const [, , error, isRefusal] = await eager.frame(kinds.failure)
  assert.deepEqual([error.code, isRefusal], ['unavailable', true])
  await using late = connectRpc({ address: pair.server.address, security })
  await assert.rejects(late.ready(100), { code: 'unavailable' })
  eager.send([kinds.goAway])
  assert.equal(await Promise.race([drained, delay(50, 'still draining')]), 'still draining')
  release.resolve('finished')
  const startedAt = performance.now()
  assert.equal(await slow, 'finished')
  await drained
  assert.ok(performance.now() - startedAt < 3000)
})

test('draining waits no longer than it is told to', async () => {
  await using pair = await startPair(never)
  const pending = pair.connection.call(call)
  await delay(20)
  const startedAt = performance.now()
  await pair.server.drain(100)
  const elapsedMs = performance.now() - startedAt
  assert.ok(elapsedMs >= 99 && elapsedMs < 3000)
  await Promise.all([pair.server[Symbol.asyncDispose](), assert.rejects(pending, { code: 'unavailable' })])
})

test('no call fails while one server takes over from another', async () => {
  const address = await unusedAddress()
  const start = () => listenRpc({ address, security, handler: { ...handler, call: slowEcho } })
  let server = await start()
  await using connection = connectRpc({ address, security })
  await connection.ready(5000)
  const over = new AbortController()
  let answers = 0
  const caller = async () => {
    while (!over.signal.aborted) {
      try {
        await connection.call(call)
        answers++
      } catch (error) {
        // A caller with no other instance to go to waits for this one.
        if (!('notSent' in (error as object))) throw error
        await connection.ready(5000)
      }
    }
  }
  const restart = async () => {
    for (let i = 0; i < 10; i++) {
      await delay(30)
      await server.drain(5000)
      await server[Symbol.asyncDispose]()
      server = await start()
    }
  }
  try {
    await Promise.all([restart().finally(() => over.abort()), ...Array.from({ length: 20 }, caller)])
  } finally {
    over.abort()
    await server[Symbol.asyncDispose]()
  }
  assert.ok(answers > 50, `${answers} answers`)
})

async function slowEcho({ input }: { input: unknown }) {
  await delay(5)
  return input
}
