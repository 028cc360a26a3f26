import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startNameServer, type Zone } from '../testing/name-server.ts'
import type { DkimOutcome } from './dkim.ts'
import { checkDmarc, type DmarcOutcome } from './dmarc.ts'
import { parseDmarcRecord, walkTree } from './dmarc-record.ts'
import { openResolver } from './resolver.ts'
import type { SpfOutcome, SpfResult } from './spf.ts'

const policy = (text: string) => ({ TXT: [`v=DMARC1; ${text}`] })

test('relaxed alignment takes any name of the organisation, strict only the name itself', async () => {
  const relaxed: Zone = { '_dmarc.example.org': policy('p=reject') }
  const strict: Zone = { '_dmarc.example.org': policy('p=reject; adkim=s; aspf=s') }
  const below = { from: 'example.org', dkim: ['mail.example.org'] }
  deepEqual(verdict(await check(relaxed, below)), ['pass', 'reject', false, true])
  deepEqual(verdict(await check(strict, below)), ['fail', 'reject', false, false])
  deepEqual(verdict(await check(strict, { from: 'example.org', dkim: ['example.org'] })), [
    'pass',
    'reject',
    false,
    true,
  ])

  const bounces = { from: 'news.example.org', spf: 'bounces.example.org' }
  deepEqual(verdict(await check(relaxed, bounces)), ['pass', 'reject', true, false])
  deepEqual(verdict(await check(strict, bounces)), ['fail', 'reject', false, false])
  deepEqual(
    verdict(await check(relaxed, { from: 'example.org', spf: 'example.com', dkim: ['example.net'] })),
    ['fail', 'reject', false, false],
  )
  deepEqual(verdict(await check(relaxed, { from: 'example.org', dkim: ['evil-example.org'] })), [
    'fail',
    'reject',
    false,
    false,
  ])
})

test('a signature or a sender that did not pass proves nothing', async () => {
  const zone: Zone = { '_dmarc.example.org': policy('p=quarantine') }
  const outcome = await check(zone, {
    from: 'example.org',
    spf: 'example.org',
    spfResult: 'softfail',
    dkim: ['example.org'],
    dkimResult: 'policy',
  })
  deepEqual(verdict(outcome), ['fail', 'quarantine', false, false])
})

test('sp is for names below, np for those that do not exist, t=y asks for one step less, pct is no more', async () => {
  const zone: Zone = {
    '_dmarc.example.org': policy('p=reject; sp=quarantine; np=reject; pct=0'),
    'shop.example.org': { A: ['192.0.2.1'] },
    '_dmarc.test.example': policy('p=reject; t=y'),
    '_dmarc.tests.example': policy('p=quarantine; t=y'),
    '_dmarc.plain.example': policy('p=quarantine'),
  }
  equal((await check(zone, { from: 'example.org' })).policy, 'reject')
  equal((await check(zone, { from: 'shop.example.org' })).policy, 'quarantine')
  equal((await check(zone, { from: 'nobody.example.org' })).policy, 'reject')
  equal((await check(zone, { from: 'test.example' })).policy, 'quarantine')
  equal((await check(zone, { from: 'tests.example' })).policy, 'none')
  equal((await check(zone, { from: 'a.plain.example' })).policy, 'quarantine')
})

test('the organisation is found by walking up: RFC 9989 §4.10', async () => {
  const zone: Zone = {
    '_dmarc.bank': policy('p=reject; psd=y'),
    '_dmarc.example.bank': policy('p=none'),
    '_dmarc.a.example.bank': policy('p=quarantine'),
    '_dmarc.own.example.org': policy('p=reject; psd=n'),
    '_dmarc.example.org': policy('p=none'),
    '_dmarc.giant.example.com': policy('p=none'),
  }
  equal(await organisation(zone, 'a.b.example.bank'), 'example.bank')
  equal(await organisation(zone, 'other.bank'), 'other.bank')
  equal(await organisation(zone, 'bank'), 'bank')
  equal(await organisation(zone, 'x.own.example.org'), 'own.example.org')
  equal(await organisation(zone, 'x.example.org'), 'example.org')
  equal(await organisation(zone, 'nothing.example.net'), 'nothing.example.net')
  // The suffix has a policy for names without one.
  const inherited = await check(zone, { from: 'other.bank' })
  deepEqual([inherited.result, inherited.policyDomain, inherited.policy], ['fail', 'bank', 'reject'])
  deepEqual(verdict(await check(zone, { from: 'x.own.example.org', dkim: ['example.org'] })), [
    'fail',
    'reject',
    false,
    false,
  ])
  deepEqual(verdict(await check(zone, { from: 'other.bank', dkim: ['third.bank'] })), [
    'fail',
    'reject',
    false,
    false,
  ])
})

test('a walk makes at most eight look-ups', async () => {
  await using server = await startNameServer({})
  using resolver = openResolver({ servers: [server.address] })
  await walkTree('a.b.c.d.e.f.g.h.i.j.mail.example.com', resolver)
  deepEqual(server.queries, [
    'TXT _dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com',
    'TXT _dmarc.g.h.i.j.mail.example.com',
    'TXT _dmarc.h.i.j.mail.example.com',
    'TXT _dmarc.i.j.mail.example.com',
    'TXT _dmarc.j.mail.example.com',
    'TXT _dmarc.mail.example.com',
    'TXT _dmarc.example.com',
    'TXT _dmarc.com',
  ])
})

test('no record, several and broken ones are none; one that only wants reports asks for nothing', async () => {
  const none: Zone[string][] = [
    { TXT: ['something else'] },
    { TXT: ['v=DMARC1; p=reject', 'v=DMARC1; p=none'] },
    { TXT: ['v=DMARC1; p=reject; p=none'] },
    { TXT: ['v=DMARC1; p=maybe'] },
    { TXT: ['v=DMARC12; p=reject'] },
    { TXT: ['p=reject; v=DMARC1'] },
  ]
  for (const entry of none)
    equal(
      (await check({ '_dmarc.example.org': entry }, { from: 'example.org' })).result,
      'none',
      JSON.stringify(entry),
    )
  const reporting = await check(
    { '_dmarc.example.org': policy('rua=mailto:d@example.org') },
    { from: 'example.org' },
  )
  deepEqual(
    [reporting.result, reporting.policy, reporting.record?.reportTo],
    ['fail', 'none', ['d@example.org']],
  )
})

test('what DNS does not say now is a temporary error', async () => {
  const broken: Zone = { '_dmarc.example.org': 'SERVFAIL' }
  equal((await check(broken, { from: 'example.org' })).result, 'temperror')
  equal((await check(broken, { from: 'a.example.org' })).result, 'temperror')
  const zone: Zone = { '_dmarc.example.org': policy('p=reject') }
  equal(
    (await check(zone, { from: 'example.org', dkim: ['example.org'], dkimResult: 'temperror' })).result,
    'temperror',
  )
  equal(
    (await check(zone, { from: 'example.org', spf: 'example.org', spfResult: 'temperror' })).result,
    'temperror',
  )
  const foreign = { from: 'example.org', spf: 'broken.example', spfResult: 'temperror' } as const
  equal((await check(zone, foreign)).result, 'fail')
  equal(
    (await check(zone, { from: 'example.org', dkim: ['broken.example'], dkimResult: 'temperror' })).result,
    'fail',
  )
  const own: Zone = { '_dmarc.example.org': policy('p=reject'), '_dmarc.org': 'SERVFAIL' }
  equal((await check(own, { from: 'example.org', dkim: ['example.org'] })).result, 'pass')
  equal((await check(own, { from: 'example.org', dkim: ['mail.example.org'] })).result, 'temperror')
})

test('there must be one author domain', async () => {
  const zone: Zone = { '_dmarc.example.org': policy('p=reject') }
  deepEqual((await check(zone, { from: [] })).reason, 'noAuthor')
  deepEqual((await check(zone, { from: ['example.org', 'example.com'] })).reason, 'severalAuthors')
  deepEqual((await check(zone, { from: ['example.org', 'example.org'] })).result, 'fail')
})

test('a flood of signing domains makes few walks', async () => {
  const dkim = Array.from({ length: 40 }, (_, index) => `s${index}.example.org`)
  await using server = await startNameServer({ '_dmarc.example.org': policy('p=reject') })
  using resolver = openResolver({ servers: [server.address] })
  const outcomes = dkim.map((domain) => signature(domain, 'fail'))
  await checkDmarc({ authorDomains: ['example.org'], spf: sender('', 'none'), dkim: outcomes }, resolver)
  ok(server.queries.length < 20, String(server.queries.length))
})

test('addresses for reports are read, without sizes and nonsense', () => {
  const record = parseDmarcRecord(
    'v=DMARC1;p=none;rua=mailto:a@example.org!10m, mailto:b%2Bc@example.com,https://x.example,mailto:bad,mailto:%zz@x',
  )
  deepEqual(record?.reportTo, ['a@example.org', 'b+c@example.com'])
  fc.assert(fc.property(fc.string(), (text) => parseDmarcRecord(`v=DMARC1; ${text}`) !== null))
})

interface Case {
  from: string | string[]
  spf?: string
  spfResult?: SpfResult
  dkim?: string[]
  dkimResult?: DkimOutcome['result']
}

async function check(
  zone: Zone,
  { from, spf, spfResult, dkim = [], dkimResult }: Case,
): Promise<DmarcOutcome> {
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  return await checkDmarc(
    {
      authorDomains: [from].flat(),
      spf: sender(spf ?? 'elsewhere.example', spfResult ?? 'pass'),
      dkim: dkim.map((domain) => signature(domain, dkimResult ?? 'pass')),
    },
    resolver,
  )
}

function sender(domain: string, result: SpfResult): SpfOutcome {
  return { result, identity: 'mailfrom', domain }
}

function signature(domain: string, result: DkimOutcome['result']): DkimOutcome {
  return { domain, result, selector: 's', algorithm: 'rsa-sha256', aligned: false }
}

function verdict({ result, policy, spfAligned, dkimAligned }: DmarcOutcome) {
  return [result, policy, spfAligned, dkimAligned]
}

async function organisation(zone: Zone, domain: string): Promise<string> {
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  return (await walkTree(domain, resolver)).organisation
}
