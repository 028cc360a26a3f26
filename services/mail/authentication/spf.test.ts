import { deepEqual, equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { startNameServer, type Fault, type Zone, type ZoneName } from '../testing/name-server.ts'
import { openResolver } from './resolver.ts'
import { checkSpf } from './spf.ts'
import { parseSpfRecord } from './spf-record.ts'

interface Suite {
  scenarios: {
    description: string
    zone: Record<string, (string | Record<string, unknown>)[]>
    tests: {
      name: string
      helo: string
      host: string
      mailfrom: string
      results: string[]
      explanation?: string | null
    }[]
  }[]
}

const suite = JSON.parse(readFileSync(new URL('rfc7208-suite.json', import.meta.url), 'utf8')) as Suite

for (const { description, zone, tests } of suite.scenarios)
  test(`RFC 7208 suite: ${description}`, async () => {
    await using server = await startNameServer(zoneOf(zone))
    using resolver = openResolver({ servers: [server.address] })
    ok(tests.length > 0)
    for (const { name, helo, host, mailfrom, results, explanation } of tests) {
      const question = { address: host, helo, mailFrom: mailfrom, receiver: 'unknown' }
      const outcome = await checkSpf(question, resolver)
      ok(
        results.includes(outcome.result),
        `${name}: ${JSON.stringify(outcome)} instead of ${results.join(' or ')}`,
      )
      // The suite's word for no explanation given by the domain.
      if (explanation !== undefined && explanation !== null)
        equal(outcome.explanation ?? 'DEFAULT', explanation, name)
    }
  })

test('the suite has all its cases', () => {
  equal(
    suite.scenarios.reduce((sum, { tests }) => sum + tests.length, 0),
    203,
  )
})

test('a name server that is silent is a temporary error', async () => {
  await using server = await startNameServer({ 'example.org': 'TIMEOUT' })
  using resolver = openResolver({ servers: [server.address], timeoutMs: 200 })
  const question = { address: '192.0.2.1', helo: 'h.example.org', mailFrom: 'a@example.org', receiver: 'mx' }
  deepEqual(await checkSpf(question, resolver), {
    result: 'temperror',
    identity: 'mailfrom',
    domain: 'example.org',
    reason: 'DNS timeout for example.org',
  })
})

test('says which directive decided, at which name', async () => {
  await using server = await startNameServer({
    'example.org': { TXT: ['v=spf1 ip4:192.0.2.0/24 -all'] },
    'client.example.org': { TXT: ['v=spf1 a ~all'], A: ['192.0.2.1'] },
  })
  using resolver = openResolver({ servers: [server.address] })
  const client = { address: '192.0.2.1', helo: 'Client.example.org', receiver: 'mx' }
  deepEqual(await checkSpf({ ...client, mailFrom: 'a@Example.org' }, resolver), {
    result: 'pass',
    identity: 'mailfrom',
    domain: 'example.org',
    mechanism: 'ip4:192.0.2.0/24',
  })
  deepEqual(await checkSpf({ ...client, mailFrom: '' }, resolver), {
    result: 'pass',
    identity: 'helo',
    domain: 'client.example.org',
    mechanism: 'a',
  })
})

test('any text is a record or has a fault, soon', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      const record = parseSpfRecord(`v=spf1 ${text}`)
      ok(typeof record === 'string' || Array.isArray(record.directives))
    }),
  )
  const started = performance.now()
  for (const text of [
    'a'.repeat(60_000),
    `a:${'%{d}'.repeat(15_000)}`,
    `a:${'/'.repeat(60_000)}`,
    ' '.repeat(60_000),
  ])
    parseSpfRecord(`v=spf1 ${text}`)
  ok(performance.now() - started < 1000)
})

function zoneOf(zone: Suite['scenarios'][number]['zone']): Zone {
  return Object.fromEntries(
    Object.entries(zone).map(([name, records]) => [
      name.toLowerCase().replace(/\.$/, ''),
      namesRecords(records),
    ]),
  )
}

/** The suite gives SPF records that stand for TXT where there is no TXT, and `TIMEOUT` for all other types. */
function namesRecords(records: (string | Record<string, unknown>)[]): ZoneName {
  const found: Record<string, unknown[]> = {}
  for (const record of records) {
    if (typeof record === 'string') continue
    for (const [type, value] of Object.entries(record))
      // A record without any string can't be sent.
      if (!Array.isArray(value) || value.length > 0) (found[type] ??= []).push(value)
  }
  const fault: Fault | undefined = records.includes('TIMEOUT') ? 'SERVFAIL' : undefined
  const texts = (found.TXT ?? found.SPF ?? fault) as ZoneName['TXT']
  const plain = (type: string) => found[type]?.map((value) => String(value).replace(/\.$/, ''))
  const entry = {
    TXT: Array.isArray(texts) && texts[0] === 'NONE' ? fault : texts,
    A: plain('A') ?? fault,
    AAAA: plain('AAAA') ?? fault,
    PTR: plain('PTR') ?? fault,
    MX: found.MX?.map((value) => (value as unknown[]).join(' ')) ?? fault,
  }
  const alias = plain('CNAME')
  return Object.fromEntries(
    Object.entries({ ...entry, CNAME: alias }).filter(([, value]) => value !== undefined),
  )
}
