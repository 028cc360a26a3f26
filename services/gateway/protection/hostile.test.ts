import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxyDoor } from '#services/gateway/proxy/testing.ts'
import { testDoor } from '#services/gateway/testing.ts'
import { hostileCases } from './hostile.cases.ts'
import { ask, strictUpstream } from './testing.ts'

/** For a second answer to come, where there is one. */
const silenceMs = 100

const statusesOf = (answer: string) =>
  Array.from(answer.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))

test('hostile requests to our own calls', async (t) => {
  const added: unknown[] = []
  await using door = await testDoor({ addItem: (input) => void added.push(input) })
  for (const { what, bytes, status } of hostileCases)
    await t.test(what, async () => {
      const before = added.length
      const answer = await ask(
        door.port,
        Buffer.from(bytes.replaceAll('PATH', '/kiosk/items'), 'latin1'),
        silenceMs,
      )
      assert.deepEqual(statusesOf(answer), [status], answer.slice(0, 300))
      assert.equal(added.length - before, status === 201 ? 1 : 0, 'calls made')
      if (status >= 400 && status !== 417) assert.match(answer, /application\/problem\+json/)
    })
  assert.ok(!door.lines.some(({ status }) => status === 404), 'what was smuggled in was answered')
})

test('hostile requests to other services', async (t) => {
  await using upstream = await strictUpstream()
  await using door = await proxyDoor({ '/old': [upstream.address] })
  for (const { what, bytes, status } of hostileCases)
    await t.test(what, async () => {
      const before = upstream.targets.length
      const answer = await ask(
        door.port,
        Buffer.from(bytes.replaceAll('PATH', '/old/items'), 'latin1'),
        silenceMs,
      )
      // Whether there is such a method is for the other service to say.
      const isTheirs = status < 400 || what === 'TRACE'
      assert.deepEqual(statusesOf(answer), [isTheirs ? 200 : status], answer.slice(0, 300))
      assert.deepEqual(upstream.targets.slice(before), isTheirs ? ['/old/items'] : [])
    })
  assert.deepEqual(upstream.complaints, [])
})
