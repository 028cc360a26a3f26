import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { startNameServer } from '../testing/name-server.ts'
import { openResolver, reverseName } from './resolver.ts'
import { sizedCache } from './sized-cache.ts'

test('tells records, none of this kind, no such name and no answer apart', async () => {
  await using server = await startNameServer({
    'example.org': { A: ['192.0.2.1'], AAAA: ['2001:db8::1'], MX: ['20 b.example.org', '10 A.example.org'] },
    'long.example.org': { TXT: ['x'.repeat(600)] },
    'alias.example.org': { CNAME: ['example.org'] },
    'null.example.org': { MX: ['0 .'] },
    '1.2.0.192.in-addr.arpa': { PTR: ['Mail.example.org'] },
    '_submission._tcp.example.org': { SRV: ['0 1 587 mail.example.org'] },
    'broken.example.org': 'SERVFAIL',
    'silent.example.org': 'TIMEOUT',
    'deep.down.example.org': { A: ['192.0.2.2'] },
  })
  using resolver = openResolver({ servers: [server.address], timeoutMs: 300 })

  deepEqual(await resolver.a('Example.org.'), { status: 'found', records: ['192.0.2.1'] })
  deepEqual(await resolver.a('alias.example.org'), { status: 'found', records: ['192.0.2.1'] })
  deepEqual(await resolver.aaaa('example.org'), { status: 'found', records: ['2001:db8::1'] })
  deepEqual(await resolver.cname('alias.example.org'), { status: 'found', records: ['example.org'] })
  deepEqual((await resolver.mx('example.org')).records, [
    { preference: 10, exchange: 'a.example.org' },
    { preference: 20, exchange: 'b.example.org' },
  ])
  deepEqual((await resolver.mx('null.example.org')).records, [{ preference: 0, exchange: '' }])
  deepEqual((await resolver.txt('long.example.org')).records, ['x'.repeat(600)])
  deepEqual((await resolver.ptr('192.0.2.1')).records, ['mail.example.org'])
  deepEqual((await resolver.srv('_submission._tcp.example.org')).records, [
    { priority: 0, weight: 1, port: 587, target: 'mail.example.org' },
  ])
  equal((await resolver.txt('example.org')).status, 'empty')
  equal((await resolver.a('down.example.org')).status, 'empty')
  equal((await resolver.txt('nobody.example.org')).status, 'missing')
  deepEqual(await resolver.a('broken.example.org'), { status: 'failed', records: [], reason: 'servfail' })
  deepEqual(await resolver.a('silent.example.org'), { status: 'failed', records: [], reason: 'timeout' })
})

test('a name that cannot be is missing, without asking anyone', async () => {
  await using server = await startNameServer({})
  using resolver = openResolver({ servers: [server.address] })
  for (const name of ['', '.', 'a..b', `${'a'.repeat(64)}.org`, `${'abc.'.repeat(80)}org`])
    equal((await resolver.txt(name)).status, 'missing', name)
  equal((await resolver.ptr('not an address')).status, 'missing')
  deepEqual(server.queries, [])
})

test('names with characters that hosts may not have are asked for as they are', async () => {
  await using server = await startNameServer({
    'who+tag._spf.example.org': { A: ['127.0.0.2'], TXT: [['one ', 'two']], MX: ['10 mx.example.org'] },
    'a b._spf.example.org': { AAAA: ['2001:db8::5'], TXT: 'SERVFAIL' },
    'silent+._spf.example.org': 'TIMEOUT',
  })
  using resolver = openResolver({ servers: [server.address], timeoutMs: 200 })
  deepEqual((await resolver.a('Who+tag._spf.example.org')).records, ['127.0.0.2'])
  deepEqual((await resolver.txt('who+tag._spf.example.org')).records, ['one two'])
  deepEqual((await resolver.mx('who+tag._spf.example.org')).records, [
    { preference: 10, exchange: 'mx.example.org' },
  ])
  deepEqual((await resolver.aaaa('a b._spf.example.org')).records, ['2001:db8::5'])
  equal((await resolver.a('a b._spf.example.org')).status, 'empty')
  equal((await resolver.txt('a b._spf.example.org')).status, 'failed')
  equal((await resolver.a('nobody+._spf.example.org')).status, 'missing')
  equal((await resolver.a('silent+._spf.example.org')).status, 'failed')
})

test('a name is asked for once, by how many at a time and how often whatever, until its time is over', async () => {
  await using server = await startNameServer({ 'example.org': { A: ['192.0.2.1'] } })
  let time = 0
  using resolver = openResolver({ servers: [server.address], now: () => time })
  await Promise.all(Array.from({ length: 50 }, () => resolver.a('example.org')))
  await resolver.a('EXAMPLE.org')
  equal(server.queries.length, 1)

  time = 59_000
  await resolver.a('example.org')
  equal(server.queries.length, 1)
  server.zone['example.org'] = { A: ['192.0.2.9'] }
  time = 61_000
  deepEqual((await resolver.a('example.org')).records, ['192.0.2.9'])

  await resolver.a('nobody.org')
  time += 59_000
  await resolver.a('nobody.org')
  equal(server.queries.filter((query) => query.endsWith('nobody.org')).length, 1)
  time += 2_000
  await resolver.a('nobody.org')
  equal(server.queries.filter((query) => query.endsWith('nobody.org')).length, 2)
})

test('the cache lets go of what was not used for longest', () => {
  const cache = sizedCache<number>(1000, () => 0)
  for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index, 60, 100)
  equal(cache.get('a'), 0)
  cache.set('d', 3, 60, 100)
  equal(cache.get('b'), undefined)
  equal(cache.get('a'), 0)
  equal(cache.held, 900)
  cache.set('huge', 4, 60, 5000)
  equal(cache.get('huge'), undefined)
  equal(cache.held, 900)
})

test('names of addresses', () => {
  equal(reverseName('192.0.2.10'), '10.2.0.192.in-addr.arpa')
  equal(reverseName('::ffff:192.0.2.10'), '10.2.0.192.in-addr.arpa')
  equal(reverseName('2001:db8::1'), `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`)
  equal(reverseName('1.2.3'), '')
})
