import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { startNameServer } from '../testing/name-server.ts'
import { limitLookups } from './limited-lookups.ts'
import { openResolver } from './resolver.ts'
import { checkSpf } from './spf.ts'

test('one message asks no more than its share, and waits no longer than its time', async () => {
  await using server = await startNameServer({
    'a.example': { A: ['192.0.2.1'] },
    'silent.example': 'TIMEOUT',
  })
  using resolver = openResolver({ servers: [server.address], timeoutMs: 3000 })
  using limited = limitLookups(resolver, { most: 2, timeoutMs: 150 })
  equal((await limited.a('a.example')).status, 'found')
  const started = performance.now()
  deepEqual(await limited.a('silent.example'), { status: 'failed', records: [], reason: 'timeout' })
  ok(performance.now() - started < 1500)
  deepEqual(await limited.a('a.example'), { status: 'failed', records: [], reason: 'limit' })
})

test('a signal ends the waiting', async () => {
  await using server = await startNameServer({ 'silent.example': 'TIMEOUT' })
  using resolver = openResolver({ servers: [server.address], timeoutMs: 3000 })
  using limited = limitLookups(resolver, { most: 9, timeoutMs: 3000, signal: AbortSignal.timeout(50) })
  deepEqual(await limited.txt('silent.example'), { status: 'failed', records: [], reason: 'aborted' })
})

test('a record that leads to hundreds of look-ups ends at the limit', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `m${index}.example`)
  const hosts = Array.from({ length: 10 }, (_, index) => `10 h${index}.example`)
  await using server = await startNameServer({
    'example.org': { TXT: [`v=spf1 ${names.map((name) => `mx:${name}`).join(' ')} -all`] },
    ...Object.fromEntries(
      names.map((name) => [name, { MX: hosts.map((host) => host.replace('h', `${name[1]}h`)) }]),
    ),
  })
  using resolver = openResolver({ servers: [server.address] })
  using limited = limitLookups(resolver, { most: 50, timeoutMs: 5000 })
  const question = { address: '192.0.2.1', helo: 'x.example.org', mailFrom: 'a@example.org', receiver: 'mx' }
  ok(['temperror', 'permerror'].includes((await checkSpf(question, limited)).result))
  ok(server.queries.length <= 50)
})
