import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { before, test } from 'node:test'
import { openResolver } from '../authentication/resolver.ts'
import { startNameServer, type Zone, type ZoneName } from '../testing/name-server.ts'
import { checkRecords } from './check.ts'
import { makeDomainKeys, type DomainKeyPair } from './keys.ts'
import {
  mtaStsPolicy,
  recordsFor,
  type DomainRecord,
  type DomainSetup,
  type RecordPurpose,
} from './records.ts'

let keys: DomainKeyPair[] = []
let setup: DomainSetup

before(async () => {
  keys = await makeDomainKeys(new Date('2026-11-21T12:00:00Z'))
  setup = {
    domain: 'example.org',
    mailHost: 'mail.example.org',
    addresses: ['192.0.2.7', '2001:db8::7'],
    keys,
    reportAddress: 'postmaster@example.org',
  }
})

test('a domain set up as the list says has all, and mail needs the first of it', async () => {
  const records = recordsFor(setup)
  const checked = await check(records, zoneOf(records))
  deepEqual(
    checked.filter(({ state, advice }) => state !== 'present' || advice !== 'nothing'),
    [],
  )
  deepEqual(
    new Set(records.filter(({ required }) => required).map(({ purpose }) => purpose)),
    new Set(['mx', 'host', 'reverse', 'spf', 'dkim', 'dmarc']),
  )
  equal(records.filter(({ purpose }) => purpose === 'dkim').length, 2)
  equal(records.find(({ purpose }) => purpose === 'spf')?.value, 'v=spf1 mx a:mail.example.org -all')
  equal(
    records.find(({ type, name }) => type === 'PTR' && name.endsWith('in-addr.arpa'))?.name,
    '7.2.0.192.in-addr.arpa',
  )
})

test('a domain without anything misses all', async () => {
  const checked = await check(recordsFor(setup), {})
  ok(checked.every(({ state }) => state === 'missing'))
  deepEqual(new Set(checked.map(({ advice }) => advice)), new Set(['add', 'provider']))
})

test('a name server that fails makes it unknown', async () => {
  const records = recordsFor(setup)
  const checked = await check(records, Object.fromEntries(records.map(({ name }) => [name, 'SERVFAIL'])))
  ok(checked.every(({ state, advice }) => state === 'unknown' && advice === 'tryLater'))
})

test('other words for the same are present, what does not do is told', async () => {
  const cases: [RecordPurpose, ZoneName, string, string][] = [
    [
      'spf',
      { TXT: ['v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all', 'google-site=1'] },
      'present',
      'nothing',
    ],
    ['spf', { TXT: ['v=spf1 ip4:198.51.100.1 -all'] }, 'differs', 'replace'],
    ['spf', { TXT: ['v=spf1 mx -all', 'v=spf1 -all'] }, 'differs', 'keepOne'],
    ['spf', { TXT: ['something'] }, 'missing', 'add'],
    ['dmarc', { TXT: ['v=DMARC1;p=none'] }, 'present', 'nothing'],
    ['dmarc', { TXT: ['v=DMARC1; p=all'] }, 'differs', 'replace'],
    ['mx', { MX: ['10 other.example.com', '20 mail.example.org'] }, 'differs', 'replace'],
    ['mx', { MX: ['5 mail.example.org', '20 other.example.com'] }, 'present', 'nothing'],
    ['mtaSts', { TXT: ['v=STSv1; id=old'] }, 'differs', 'replace'],
    ['tlsReports', { TXT: ['v=TLSRPTv1;rua=https://example.com/r'] }, 'present', 'nothing'],
    ['reverse', { PTR: ['host-7.provider.example'] }, 'differs', 'provider'],
    ['imaps', { SRV: ['10 5 993 mail.example.org'] }, 'present', 'nothing'],
    ['imaps', { SRV: ['0 0 0 .'] }, 'differs', 'replace'],
    ['autoconfig', { A: ['192.0.2.7'] }, 'present', 'nothing'],
    ['autoconfig', { A: ['198.51.100.1'] }, 'differs', 'replace'],
    ['dkim', { TXT: [`k=rsa;  p=${keyOf(keys[0]!)}`] }, 'present', 'nothing'],
    ['dkim', { TXT: [keys[1]!.publicRecord] }, 'differs', 'replace'],
    ['dkim', { TXT: ['v=DKIM1; p='] }, 'differs', 'replace'],
  ]
  const records = recordsFor(setup)
  for (const [purpose, entry, state, advice] of cases) {
    const { name } = records.find((record) => record.purpose === purpose)!
    const full = zoneOf(records)
    const other = { ...(full[name] as ZoneName), ...entry }
    const zone = { ...full, [name]: 'A' in entry ? entry : other }
    const found = (await check(records, zone)).find(({ record }) => record.purpose === purpose)
    deepEqual([found?.state, found?.advice], [state, advice], `${purpose} ${JSON.stringify(entry)}`)
  }
})

test('reports that go to another domain need its consent', () => {
  const records = recordsFor({ ...setup, reportAddress: 'reports@dakghar.example' })
  const consent = records.find(({ purpose }) => purpose === 'reportConsent')
  equal(consent?.name, 'example.org._report._dmarc.dakghar.example')
  equal(
    recordsFor(setup).some(({ purpose }) => purpose === 'reportConsent'),
    false,
  )
})

test('the policy of MTA-STS names our server, and its id changes with it', () => {
  const testing = mtaStsPolicy(setup)
  const enforced = mtaStsPolicy({ ...setup, mtaSts: 'enforce' })
  equal(enforced.body, 'version: STSv1\r\nmode: enforce\r\nmx: mail.example.org\r\nmax_age: 604800\r\n')
  equal(enforced.url, 'https://mta-sts.example.org/.well-known/mta-sts.txt')
  match(enforced.id, /^[a-z0-9]{1,32}$/)
  ok(testing.id !== enforced.id)
})

async function check(records: DomainRecord[], zone: Zone) {
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  return await checkRecords(records, resolver)
}

function zoneOf(records: readonly DomainRecord[]): Zone {
  const zone: Record<string, Record<string, string[]>> = {}
  for (const { name, type, value } of records) ((zone[name] ??= {})[type] ??= []).push(value)
  return zone
}

function keyOf({ publicRecord }: DomainKeyPair): string {
  return publicRecord.slice(publicRecord.indexOf('p=') + 2)
}
