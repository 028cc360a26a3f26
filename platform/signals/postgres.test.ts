import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { Client } from 'pg'
import { testDatabase } from '#platform/database/testing.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { openSignals } from './open.ts'
import { openPostgresSignals } from './postgres.ts'
import { checkSignals, record, recorder, until } from './signals.checks.ts'

checkSignals('Postgres', async () => {
  const database = await testDatabase([])
  return {
    open: (options) => openSignals(database.url, options),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
})

test('listeners are told of the gap when connections are terminated, and hear again', async () => {
  await using database = await testDatabase([])
  const { lines, log } = recorder()
  await using here = await openSignals(database.url, { log })
  await using there = await openSignals(database.url, { log })
  await using admin = await connectClient(database.url)
  const heard = record(there, 'topic')
  let gaps = 0
  for (const signals of [here, there]) signals.onGap(() => void gaps++)
  for (let round = 1; round <= 5; round++) {
    lines.length = 0
    const { rowCount } = await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'dakghar signals' and datname = current_database()`,
    )
    assert.equal(rowCount, 2)
    here.send('topic', 'perhaps lost')
    await until(() => gaps >= 2 * round)
    here.send('topic', `${round}`)
    await until(() => heard.payloads.includes(`${round}`))
    assert.equal(gaps, 2 * round)
    const [down, back] = [
      'signals stay in this process until Postgres answers',
      'signals reach other processes again',
    ]
    assert.deepEqual(lines.toSorted(), [back, back, down, down])
  }
})

test('what is sent in one turn is one notification', async () => {
  await using database = await testDatabase([])
  const { log } = recorder()
  await using signals = await openSignals(database.url, { log })
  await using other = await connectClient(database.url)
  const messages: string[] = []
  other.on('notification', ({ payload = '' }) => void messages.push(payload))
  await other.query('listen dakghar_signals')
  for (let index = 0; index < 100; index++) signals.send(`topic ${index}`)
  await until(() => messages.length > 0)
  await other.query('select')
  assert.equal(messages.length, 1)
  assert.equal(JSON.parse(messages[0] ?? '').signals.length, 100)
})

test('messages of others on the channel are ignored', async () => {
  await using database = await testDatabase([])
  const { lines, log } = recorder()
  await using signals = await openSignals(database.url, { log })
  await using other = await connectClient(database.url)
  const heard = record(signals, 'topic')
  const ours = '{"sender":"other","signals":[["topic","ours"]]}'
  for (const message of ['', 'text', '{}', '{"sender":"a","signals":[["topic"]]}', ours])
    await other.query('select pg_notify($1, $2)', ['dakghar_signals', message])
  await heard.until(1)
  assert.deepEqual(heard.payloads, ['ours'])
  assert.deepEqual(lines, [])
})

test('signals opened before Postgres answers stay in the process and tell of a gap when it does', async () => {
  await using database = await testDatabase([])
  const port = await freePort()
  const { lines, log } = recorder()
  await using signals = await openSignals(withPort(database.url, port), { log })
  const heard = record(signals, 'topic')
  let gaps = 0
  signals.onGap(() => void gaps++)
  signals.send('topic', 'local')
  await heard.until(1)
  await using proxy = await startProxy(database.url, port)
  await until(() => gaps === 1)
  assert.equal(proxy.connections(), 1)
  assert.deepEqual(lines, [
    'signals stay in this process until Postgres answers',
    'signals reach other processes again',
  ])
})

test('a connection that goes silent is replaced', async () => {
  await using database = await testDatabase([])
  await using proxy = await startProxy(database.url)
  const { log } = recorder()
  await using signals = await openPostgresSignals(proxy.url, { log, heartbeatMs: 200 })
  let gaps = 0
  signals.onGap(() => void gaps++)
  proxy.silence()
  await until(() => gaps === 1)
  await using other = await openSignals(database.url, { log })
  const heard = record(signals, 'topic')
  other.send('topic', 'hello')
  await heard.until(1)
})

/** Passes bytes to Postgres and back. */
async function startProxy(databaseUrl: string, port = 0) {
  const pairs: [Socket, Socket][] = []
  const server = createServer((near) => {
    const far = connect(Number(new URL(databaseUrl).port), new URL(databaseUrl).hostname)
    pairs.push([near, far])
    near.pipe(far).pipe(near)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: withPort(databaseUrl, (server.address() as AddressInfo).port),
    connections: () => pairs.length,
    /** The connections that there are carry nothing any more, and stay open. */
    silence() {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
      }
    },
    async [Symbol.asyncDispose]() {
      server.close()
      for (const [near, far] of pairs) {
        near.destroy()
        far.destroy()
      }
    },
  }
}

function withPort(databaseUrl: string, port: number): string {
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = `${port}`
  return url.href
}

async function connectClient(url: string) {
  const client = new Client({ connectionString: url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}
