import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { logs } from '#contracts/logs.ts'
import { silentLogger } from '#platform/log.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import logsService from './service.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [logsService], log: silentLogger })
})
after(() => host[Symbol.asyncDispose]())

const client = () => host.client(logs)

async function stored(name: string, count: number) {
  for (let i = 0; i < 400; i++) {
    const { items } = await client().listLogs({ name, limit: 200 })
    if (items.length >= count) return items
    await sleep(25)
  }
  return assert.fail(`no ${count} lines of ${name}`)
}

test('a line reported over the bus is stored once with the id that the answer gave', async () => {
  const { id } = await client().reportLog({ name: 'bus', data: 'over the bus', level: 'ERROR' })
  const [line] = await stored('bus', 1)
  assert.deepEqual([line?.id, line?.data, line?.level], [id, 'over the bus', 'ERROR'])
  assert.match(line?.traceId ?? '', /^[0-9a-f]{32}$/)
  assert.ok(line?.service)
})

test('lines of every level arrive in the order of reporting', async () => {
  const levels = ['INFO', 'WARNING', 'ERROR'] as const
  const texts = Array.from({ length: 150 }, (_, i) => String(i))
  for (const data of texts) await client().reportLog({ name: 'many', data, level: levels[Number(data) % 3]! })
  const lines = await stored('many', 150)
  assert.deepEqual(lines.map(({ data }) => data).toReversed(), texts)
  await sleep(300)
  assert.equal((await stored('many', 150)).length, 150)
})

test('a line that is too old is dropped and does not hold up the others', async () => {
  const time = new Date(Date.now() - 200 * 86_400_000).toISOString()
  await client().reportLog({ name: 'mixed', data: 'old', time })
  await client().reportLog({ name: 'mixed', data: 'new' })
  assert.deepEqual(
    (await stored('mixed', 1)).map(({ data }) => data),
    ['new'],
  )
})
