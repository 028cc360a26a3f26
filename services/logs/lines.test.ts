import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v7 } from 'uuid'
import type { InputOf } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import logsService from './service.ts'

let host: TestHost
before(async () => {
  host = await testHost({ services: [logsService], roles: ['logs/api'] })
})
after(() => host[Symbol.asyncDispose]())

const client = () => host.client(logs)
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
const hourMs = 3_600_000
const dayMs = 24 * hourMs

async function list(filter: InputOf<typeof logs.calls.listLogs>): Promise<string[]> {
  const { items } = await client().listLogs(filter)
  return items.map(({ data }) => data)
}

test('a line written by name and data alone is found with level, time, writer and trace', async () => {
  const { id } = await client().writeLog({ name: 'order', data: 'order placed' })
  const line = await client().showLog({ id })
  assert.deepEqual([line.name, line.data, line.level], ['order', 'order placed', 'INFO'])
  assert.match(line.traceId ?? '', /^[0-9a-f]{32}$/)
  assert.ok(line.service)
  assert.ok(Math.abs(Date.parse(line.time) - Date.now()) < 5000)
  await assert.rejects(client().showLog({ id: v7() }), { code: 'notFound' })
})

test('every filter finds its lines and no others, newest first', async () => {
  const traceId = 'a'.repeat(32)
  await client().writeLines({
    lines: [
      {
        name: 'one',
        data: 'relay mail.example.org refused',
        level: 'ERROR',
        service: 'f-mail',
        time: ago(4000),
      },
      {
        name: 'two',
        data: 'Straße naïve বার্তা',
        level: 'WARNING',
        service: 'f-mail',
        traceId,
        time: ago(3000),
      },
      { name: 'two', data: 'path /var/spool/outbound_queue', service: 'f-chat', time: ago(2000) },
      { name: 'two', data: 'nothing of note', level: 'DEBUG', service: 'f-chat', time: ago(1000) },
    ],
  })
  const [error, warning, info, debug] = [
    'relay mail.example.org refused',
    'Straße naïve বার্তা',
    'path /var/spool/outbound_queue',
    'nothing of note',
  ] as const
  const cases: [InputOf<typeof logs.calls.listLogs>, string[]][] = [
    [{ service: 'f-mail' }, [warning, error]],
    [{ service: 'f-chat', level: ['DEBUG'] }, [debug]],
    [{ service: 'f-mail', level: ['ERROR', 'WARNING'] }, [warning, error]],
    [{ name: 'one' }, [error]],
    [{ traceId }, [warning]],
    [{ service: 'f-chat', from: ago(2500) }, [debug, info]],
    [{ service: 'f-chat', from: ago(2500), to: ago(1500) }, [info]],
    [{ text: 'REFUSED' }, [error]],
    [{ text: 'example.org relay' }, [error]],
    [{ text: 'mail.exam' }, [error]],
    [{ text: 'naïve strass' }, []],
    [{ text: 'straß' }, [warning]],
    [{ text: 'বার্তা' }, [warning]],
    [{ text: 'outbound' }, [info]],
    [{ text: "o'ut & | ! ( <-> \\ :* 'bound" }, []],
    [{ text: '...' }, []],
    [{ text: 'nothing', service: 'f-mail' }, []],
    [{ text: 'nothing', from: ago(500) }, []],
    [{ text: 'nothing', from: ago(dayMs), to: ago(500) }, [debug]],
  ]
  for (const [filter, expected] of cases)
    assert.deepEqual(await list(filter), expected, JSON.stringify(filter))
})

test('a rare word is found among the oldest lines', async () => {
  for (const days of [0, 1, 3, 20, 60, 89])
    await client().writeLog({ name: 'old', data: `zeppelin ${days}`, time: ago(days * dayMs + 1000) })
  const found = ['zeppelin 0', 'zeppelin 1', 'zeppelin 3', 'zeppelin 20', 'zeppelin 60', 'zeppelin 89']
  assert.deepEqual(await list({ text: 'zeppelin' }), found)
  const first = await client().listLogs({ text: 'zeppelin', limit: 2 })
  const second = await client().listLogs({ text: 'zeppelin', limit: 4, cursor: first.nextCursor ?? '' })
  assert.deepEqual(
    [...first.items, ...second.items].map(({ data }) => data),
    found,
  )
  assert.equal(second.nextCursor, null)
})

test('pages show every line once though lines come in between, of one millisecond too', async () => {
  const time = ago(10 * hourMs)
  const lines = Array.from({ length: 57 }, (_, i) => ({ name: 'paged', data: String(i), time, id: v7() }))
  await client().writeLines({ lines })
  for (const text of [undefined, 'p']) {
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const filter = { name: 'paged', from: ago(11 * hourMs), limit: 10, ...(cursor && { cursor }) }
      const page = await client().listLogs(filter)
      seen.push(...page.items.map(({ data }) => data))
      cursor = page.nextCursor
      await client().writeLog({ name: 'paged', data: `late ${text} ${cursor}` })
    } while (cursor)
    assert.deepEqual(
      seen.filter((data) => !data.startsWith('late')),
      lines.map(({ data }) => data).toReversed(),
    )
  }
})

test('a cursor that no page gave is refused', async () => {
  for (const cursor of ['x', '!!', Buffer.from('{"time":"now","id":"1"}').toString('base64url'), ''])
    await assert.rejects(client().listLogs({ cursor }), { code: 'invalid' })
})

test('the same lines sent again, at once by several writers, are stored once', async () => {
  const lines = Array.from({ length: 200 }, () => ({ name: 'again', data: 'x', time: ago(1000), id: v7() }))
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => client().writeLines({ lines: i % 2 ? lines : lines.toReversed() })),
  )
  assert.equal(
    answers.reduce((sum, { stored }) => sum + stored, 0),
    200,
  )
  assert.ok(answers.every(({ stored, ignored }) => stored + ignored === 200))
  assert.equal((await list({ name: 'again', limit: 200 })).length, 200)
})

test('a line from tomorrow and later gets the time of its arrival, keeps its own, and is stored once', async () => {
  const reported = new Date(Date.now() + 400 * dayMs).toISOString()
  const line = { name: 'ahead', data: 'x', time: reported, id: v7() }
  assert.deepEqual(await client().writeLines({ lines: [line] }), { stored: 1, ignored: 0 })
  assert.deepEqual(await client().writeLines({ lines: [line, line] }), { stored: 0, ignored: 2 })
  // As if the clock had reached that time meanwhile.
  assert.deepEqual(await client().writeLines({ lines: [{ ...line, time: ago(0) }] }), {
    stored: 0,
    ignored: 1,
  })
  const stored = await client().showLog({ id: line.id })
  assert.equal(stored.reportedTime, reported)
  assert.ok(Math.abs(Date.parse(stored.time) - Date.now()) < 5000)

  const tomorrow = new Date(Date.now() + dayMs - 60_000).toISOString()
  const { id } = await client().writeLog({ name: 'ahead', data: 'y', time: tomorrow })
  assert.equal((await client().showLog({ id })).time, tomorrow)
})

test('a line older than what is kept is refused alone and ignored among others', async () => {
  const time = ago(91 * dayMs)
  await assert.rejects(client().writeLog({ name: 'old', data: 'x', time }), { code: 'tooOld', status: 422 })
  const answer = await client().writeLines({
    lines: [
      { name: 'young', data: 'y', time: ago(0) },
      { name: 'old', data: 'x', time },
    ],
  })
  assert.deepEqual(answer, { stored: 1, ignored: 1 })
})

test('text that Postgres can not keep is stored with replacement characters', async () => {
  let deep: unknown = 'end'
  for (let i = 0; i < 31; i++) deep = { deep }
  const fields = { nul: 'a\0b', surrogate: '\uD800', quote: '"\\', deep, list: [null, 1.5, true] }
  const { id } = await client().writeLog({
    name: 'odd\0name',
    data: 'a\0b \uDC00 {"\\,}',
    service: '{}',
    fields,
  })
  const line = await client().showLog({ id })
  assert.equal(line.name, 'odd\uFFFDname')
  assert.equal(line.data, 'a\uFFFDb \uFFFD {"\\,}')
  assert.deepEqual(line.fields, fields)
  await assert.rejects(client().writeLog({ name: 'x', data: '', fields: { deep: { deep } } }), {
    code: 'invalid',
  })
})

test('wrong lines are refused', async () => {
  const good = { name: 'x', data: 'y' }
  const bad: Record<string, unknown>[] = [
    { name: '' },
    { data: 5 },
    { data: 'x'.repeat(65_537) },
    { level: 'info' },
    { traceId: 'xyz' },
    { time: 'yesterday' },
    { id: '1' },
    { fields: [] },
    { fields: { big: 'x'.repeat(65_536) } },
    { fields: { big: 1n } },
  ]
  for (const part of bad)
    await assert.rejects(
      client().writeLog({ ...good, ...part } as never),
      { code: 'invalid' },
      Object.keys(part)[0],
    )
})

test('who is no service may not write, who is no admin may not read', async () => {
  const staff = { kind: 'account', accountId: 'a', sessionId: 's', roles: ['staff'] } as const
  await assert.rejects(host.client(logs, staff).writeLog({ name: 'x', data: 'y' }), { code: 'forbidden' })
  await assert.rejects(host.client(logs, staff).listLogs({}), { code: 'forbidden' })
  await assert.rejects(host.client(logs, { kind: 'anonymous' }).listLogs({}), { code: 'unauthenticated' })
})
