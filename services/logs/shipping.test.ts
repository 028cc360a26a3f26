import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { logs } from '#contracts/logs.ts'
import { openShipper } from '#platform/shipping/shipper.ts'
import { testHost } from '#platform/testing/host.ts'
import logsService from './service.ts'

test('lines shipped to a service that flaps are stored once and in order', async (t) => {
  const spoolDirectory = await mkdtemp(join(tmpdir(), 'shipping-'))
  t.after(() => rm(spoolDirectory, { recursive: true, force: true }))
  await using host = await testHost({ services: [logsService], roles: ['logs/api'] })
  const client = host.client(logs)
  let attempts = 0
  const shipper = await openShipper({
    spoolDirectory,
    async sendLines(lines) {
      const attempt = attempts++ % 3
      if (attempt === 0) throw new Error('away')
      await client.writeLines({ lines })
      if (attempt === 1) throw new Error('stored, but nobody learned of it')
    },
    sendSpans: async () => {},
  })
  const texts = Array.from({ length: 1000 }, (_, i) => String(i))
  for (const msg of texts) {
    shipper.line({ level: 'info', time: new Date().toISOString(), service: 'shipped', msg })
    if (Number(msg) % 100 === 0) await sleep(20)
  }
  const found: string[] = []
  for (let i = 0; i < 300 && found.length < texts.length; i++) {
    await sleep(50)
    found.length = 0
    let cursor: string | null = null
    do {
      const page = await client.listLogs({ service: 'shipped', limit: 200, ...(cursor && { cursor }) })
      found.push(...page.items.map(({ data }) => data))
      cursor = page.nextCursor
    } while (cursor)
  }
  await shipper[Symbol.asyncDispose]()
  assert.deepEqual(found.toReversed(), texts)
})

test('a process ships the spans of its calls, and shipping makes none', async () => {
  await using host = await testHost({ services: [logsService], settings: { LOG_SHIP: 'true' } })
  const client = host.client(logs)
  const { id } = await client.writeLog({ name: 'n', data: 'traced' })
  const { traceId } = await client.showLog({ id })
  const spans = async () => (await client.showTrace({ traceId: traceId! })).roots.map(({ name }) => name)
  for (let i = 0; i < 200 && (await spans()).length === 0; i++) await sleep(50)
  assert.deepEqual(await spans(), ['logs.writeLog'])
  await sleep(1500)
  const traces = await client.listTraces({ limit: 200 })
  assert.ok(
    traces.items.every(({ name }) => !name.startsWith('logs.writeSpans') && name !== 'logs.writeLines'),
  )
  await sleep(1000)
  const later = await client.listTraces({ limit: 200 })
  // Only the call that listed them.
  assert.ok(later.items.length - traces.items.length <= 1)
})
