import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { standardError } from '#contracts/errors.ts'
import { logs, type NewLine } from '#contracts/logs.ts'
import type { ShippedLine, ShippedSpan } from './records.ts'
import { openShipper, type ShipperOptions } from './shipper.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'shipping-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A logs service that stores what its contract allows, once by id, and can be away. */
function receiver() {
  const lines = new Map<string, ShippedLine>()
  const spans = new Map<string, ShippedSpan>()
  const state = {
    isAway: false,
    largestBatch: 0,
    texts: () => [...lines.values()].map(({ data }) => data),
    spans: () => [...spans.values()],
    lines: () => [...lines.values()],
    async sendLines(batch: ShippedLine[]) {
      if (state.isAway) throw standardError('unavailable')
      if (!logs.calls.writeLines.input.safeParse({ lines: batch }).success) throw standardError('invalid')
      state.largestBatch = Math.max(state.largestBatch, batch.length)
      for (const line of batch) lines.set(line.id!, line)
    },
    async sendSpans(batch: ShippedSpan[]) {
      if (state.isAway) throw standardError('unavailable')
      if (!logs.calls.writeSpans.input.safeParse({ spans: batch }).success) throw standardError('invalid')
      for (const span of batch) spans.set(span.spanId, span)
    },
  }
  return state
}

const say = (msg: string) => ({ level: 'info', time: new Date().toISOString(), service: 'test', msg })
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => String(from + i))

async function until(isTrue: () => boolean, timeoutMs = 10_000): Promise<void> {
  for (const giveUpAt = Date.now() + timeoutMs; !isTrue(); await sleep(20))
    if (Date.now() > giveUpAt) return assert.fail('did not come true in time')
}

async function open(t: TestContext, to: ReturnType<typeof receiver>, options: Partial<ShipperOptions> = {}) {
  const spoolDirectory = options.spoolDirectory ?? (await folder(t))
  const { sendLines, sendSpans } = to
  return { spoolDirectory, shipper: await openShipper({ spoolDirectory, sendLines, sendSpans, ...options }) }
}

test('lines and spans arrive in order, in batches of at most 500, and the spool is empty then', async (t) => {
  const logsService = receiver()
  const { shipper, spoolDirectory } = await open(t, logsService)
  for (const n of numbers(0, 1800)) shipper.line(say(n))
  const identifiers = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: undefined }
  const work = {
    service: 's',
    name: 'n',
    kind: 'server',
    startedAt: 1,
    durationMs: -2,
    error: undefined,
  } as const
  shipper.span({ ...identifiers, ...work })
  await until(() => logsService.spans().length === 1)
  assert.deepEqual(logsService.texts(), numbers(0, 1800))
  assert.equal(logsService.spans()[0]?.durationMs, 0)
  assert.equal(logsService.largestBatch, 500)
  await shipper[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(spoolDirectory), [])
})

test('what the service was away for is sent when it is back, and by the next process where it never is', async (t) => {
  const logsService = receiver()
  logsService.isAway = true
  const first = await open(t, logsService)
  for (const n of numbers(0, 700)) first.shipper.line(say(n))
  await sleep(600)
  logsService.isAway = false
  await until(() => logsService.texts().length === 700)
  logsService.isAway = true
  for (const n of numbers(700, 1500)) first.shipper.line(say(n))
  await first.shipper[Symbol.asyncDispose]()
  assert.equal(logsService.texts().length, 700)
  logsService.isAway = false
  const second = await open(t, logsService, { spoolDirectory: first.spoolDirectory })
  for (const n of numbers(1500, 1600)) second.shipper.line(say(n))
  await until(() => logsService.texts().length === 1600)
  assert.deepEqual(logsService.texts(), numbers(0, 1600))
  await second.shipper[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(first.spoolDirectory), [])
})

test('a full spool loses its oldest lines and says how many', async (t) => {
  const logsService = receiver()
  logsService.isAway = true
  const { shipper } = await open(t, logsService, { spoolLimitBytes: 3 * 1024 * 1024 })
  const filling = 'x'.repeat(1000)
  for (let n = 0; n < 6000; n += 500) {
    for (let i = n; i < n + 500; i++) shipper.line(say(`${i} ${filling}`))
    await shipper.flush()
  }
  logsService.isAway = false
  await until(() => logsService.texts().some((text) => text.endsWith('lost')))
  const lost = Number.parseInt(
    logsService.texts().find((text) => text.endsWith('lost'))!,
    10,
  )
  await until(() => logsService.texts().length === 6000 - lost + 1)
  const kept = logsService.texts().filter((text) => text.includes(filling))
  assert.ok(lost > 2000 && lost < 5000, String(lost))
  assert.deepEqual(
    kept.map((text) => text.split(' ')[0]),
    numbers(lost, 6000),
  )
  await shipper[Symbol.asyncDispose]()
})

test('a torn last line and a line that is no JSON are skipped', async (t) => {
  const logsService = receiver()
  const spoolDirectory = await folder(t)
  const dead = join(spoolDirectory, 'dead')
  await mkdir(dead)
  const record = (n: number) => JSON.stringify({ line: { ...said, id: crypto.randomUUID(), data: `${n}` } })
  const said = { name: 'n', level: 'INFO' as const, time: new Date().toISOString() }
  await writeFile(join(dead, '01.ndjson'), `${record(1)}\n{"line":\n${record(2)}\n{"line":{"na`)
  await writeFile(join(dead, '02.ndjson'), `${record(3)}\n`)
  await sleep(150)
  const { shipper } = await open(t, logsService, { spoolDirectory, leaseMs: 100 })
  await until(() => logsService.texts().length === 3)
  assert.deepEqual(logsService.texts(), ['1', '2', '3'])
  await shipper[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(spoolDirectory), [])
})

test('a process whose spool was taken from it while it stood still goes on in a new one', async (t) => {
  const logsService = receiver()
  logsService.isAway = true
  const { shipper, spoolDirectory } = await open(t, logsService, { leaseMs: 400 })
  shipper.line(say('before'))
  await shipper.flush()
  const standStill = Date.now() + 700
  while (Date.now() < standStill);
  const taking = open(t, logsService, { spoolDirectory, leaseMs: 400 })
  const other = await taking
  shipper.line(say('after'))
  await shipper.flush()
  assert.equal((await readdir(spoolDirectory)).length, 2)
  logsService.isAway = false
  await until(() => logsService.texts().length === 2)
  assert.deepEqual(logsService.texts().toSorted(), ['after', 'before'])
  await shipper[Symbol.asyncDispose]()
  await other.shipper[Symbol.asyncDispose]()
  assert.deepEqual(await readdir(spoolDirectory), [])
})

test('lines are sent from memory while the disk refuses them', async (t) => {
  const logsService = receiver()
  const { shipper, spoolDirectory } = await open(t, logsService, { leaseMs: 100 })
  await rm(spoolDirectory, { recursive: true })
  await writeFile(spoolDirectory, 'in the way')
  await sleep(100)
  for (const n of numbers(0, 1200)) shipper.line(say(n))
  await assert.rejects(shipper.flush())
  await until(() => logsService.texts().length === 1200)
  assert.deepEqual(logsService.texts(), numbers(0, 1200))
  await shipper[Symbol.asyncDispose]()
})

test('an item that the service never takes does not hold up the others', async (t) => {
  const logsService = receiver()
  const spoolDirectory = await folder(t)
  await mkdir(join(spoolDirectory, 'dead'))
  const bad: Partial<typeof NewLine._zod.input> = { name: '', data: 'bad', id: crypto.randomUUID() }
  await appendFile(join(spoolDirectory, 'dead', '01.ndjson'), `${JSON.stringify({ line: bad })}\n`)
  await sleep(100)
  const { shipper } = await open(t, logsService, { spoolDirectory, leaseMs: 50 })
  shipper.line(say('good'))
  await until(() => logsService.texts().length === 1)
  assert.deepEqual(logsService.texts(), ['good'])
  await shipper[Symbol.asyncDispose]()
})

test('any line that pino can write is acceptable', async (t) => {
  const logsService = receiver()
  const { shipper } = await open(t, logsService)
  const records: Record<string, unknown>[] = [
    {},
    { level: 'fatal', time: 'no time', msg: 5, name: 7, service: '', traceId: 'short' },
    { level: 'warn', msg: 'x'.repeat(100_000), name: 'n'.repeat(300), big: 'y'.repeat(200_000) },
    { level: 'error', msg: 'failed', err: { message: 'no route', stack: '…' } },
    { level: 'error', msg: 'same', err: { message: 'same' } },
    { level: 'debug', msg: 'traced', traceId: 'c'.repeat(32) },
    { level: 'error', msg: 'call failed', call: 'logs.writeLines' },
  ]
  for (const record of records) shipper.line(record)
  await until(() => logsService.lines().length === 6)
  const [, fatal, long, failed, same, traced] = logsService.lines()
  assert.deepEqual([fatal?.level, fatal?.data, fatal?.name, fatal?.service], ['ERROR', '', 'log', 'unknown'])
  assert.deepEqual([long?.level, long?.data.length, long?.name.length], ['WARNING', 65_536, 200])
  assert.equal(typeof long?.fields?.cut, 'string')
  assert.deepEqual([failed?.data, same?.data], ['failed: no route', 'same'])
  assert.deepEqual([traced?.level, traced?.traceId], ['DEBUG', 'c'.repeat(32)])
  await shipper[Symbol.asyncDispose]()
})

const leaseMs = 1500

/** Logs numbered lines for ever and prints each number that a flush has covered. */
const childSource = `
  import { openShipper } from ${JSON.stringify(import.meta.resolve('./shipper.ts'))}
  const [spoolDirectory, url, name] = process.argv.slice(1)
  const shipper = await openShipper({
    spoolDirectory,
    leaseMs: ${leaseMs},
    async sendLines(lines) {
      const answer = await fetch(url, { method: 'POST', body: JSON.stringify(lines), signal: AbortSignal.timeout(1000) })
      if (!answer.ok) throw new Error(String(answer.status))
    },
    sendSpans: async () => {},
  })
  for (let n = 1; ; n++) {
    shipper.line({ level: 'info', time: new Date().toISOString(), msg: name + ' ' + n })
    if (n % 10) continue
    await shipper.flush()
    process.stdout.write(n + '\\n')
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
  }`

test(
  '50 processes killed while their receiver flaps lose nothing that was flushed',
  { timeout: 120_000 },
  async (t) => {
    const spoolDirectory = await folder(t)
    /** By id, in the order of first arrival. */
    const stored = new Map<string, string>()
    let arrivals = 0
    const server = createServer(async (request, response) => {
      const chance = Math.random()
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      if (chance < 0.2) return void request.socket.destroy()
      if (chance < 0.4) return void response.writeHead(503).end()
      for (const { id, data } of JSON.parse(Buffer.concat(chunks).toString()) as {
        id: string
        data: string
      }[]) {
        arrivals++
        if (!stored.has(id)) stored.set(id, data)
      }
      // Stored, and the sender does not learn of it.
      if (chance < 0.6) return void request.socket.destroy()
      response.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.closeAllConnections())
    t.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const flushed = new Map<string, number>()

    async function liveAndDie(name: string): Promise<void> {
      const args = ['--input-type=module', '--eval', childSource, spoolDirectory, url, name]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      let printed = ''
      child.stdout.on('data', (text: Buffer) => (printed += text))
      await once(child.stdout, 'data')
      await sleep(Math.random() * 400)
      child.kill('SIGKILL')
      await once(child, 'close')
      // The last number may be torn.
      const whole = printed.slice(0, printed.lastIndexOf('\n')).split('\n')
      flushed.set(name, Number(whole.at(-1)))
    }
    await Promise.all(
      [0, 1].map(async (lane) => {
        for (let round = 0; round < 25; round++) await liveAndDie(`${lane}-${round}`)
      }),
    )

    const sendLines = async (lines: ShippedLine[]) => {
      for (const { id, data } of lines) if (!stored.has(id!)) stored.set(id!, data)
    }
    const arrivedOf = (name: string) =>
      [...stored.values()].flatMap((data) =>
        data.startsWith(`${name} `) ? [Number(data.split(' ')[1])] : [],
      )
    await sleep(leaseMs + 100)
    const last = await openShipper({ spoolDirectory, leaseMs, sendLines, sendSpans: async () => {} })
    await until(() => [...flushed].every(([name, count]) => arrivedOf(name).length >= count), 20_000)
    await last[Symbol.asyncDispose]()
    assert.deepEqual(await readdir(spoolDirectory), [])
    for (const name of flushed.keys()) {
      const arrived = arrivedOf(name)
      assert.deepEqual(
        arrived,
        arrived.map((_, i) => i + 1),
        name,
      )
    }
    assert.equal(flushed.size, 50)
    t.diagnostic(`${stored.size} lines, ${arrivals} arrivals`)
  },
)
