import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { Readable } from 'node:stream'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { makeDomainKeys, type DomainKeyPair } from '../domains/keys.ts'
import { parseMessage } from '../mime/parse.ts'
import { startNameServer, type Zone } from '../testing/name-server.ts'
import { openResolver, type Resolver } from './resolver.ts'
import { sealMessage } from './seal.ts'
import { signMessage } from './sign.ts'
import { verifyMessage, type Authentication } from './verify.ts'

const now = new Date('2026-11-21T12:00:00Z')
const plain = 'From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nSubject: Hi\r\n\r\nHello\r\n'
let pairs: DomainKeyPair[] = []
let zone: Zone = {}

before(async () => {
  pairs = await makeDomainKeys(now)
  zone = {
    'example.org': { TXT: ['v=spf1 ip4:192.0.2.0/24 -all'] },
    '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; sp=quarantine'] },
    ...Object.fromEntries(
      pairs.map(({ selector, publicRecord }) => [
        `${selector}._domainkey.example.org`,
        { TXT: [publicRecord] },
      ]),
    ),
  }
})

test('signed mail from the right place passes all, and the field says so', async () => {
  const found = await verify((await sign(plain)) + plain)
  equal(found.spf.result, 'pass')
  deepEqual(
    found.dkim.map(({ result, aligned }) => [result, aligned]),
    [
      ['pass', true],
      ['pass', true],
    ],
  )
  deepEqual([found.dmarc.result, found.dmarc.spfAligned, found.dmarc.dkimAligned], ['pass', true, true])
  equal(found.arc.result, 'none')
  const lines = found.header.split('\r\n\t')
  equal(lines[0], 'Authentication-Results: mx.example.net;')
  equal(lines[1], 'iprev=pass smtp.remote-ip=192.0.2.7;')
  equal(lines[2], 'spf=pass smtp.mailfrom=ann@example.org;')
  match(
    lines[3]!,
    /^dkim=pass header\.d=example\.org header\.s=r20261121 header\.a=rsa-sha256 header\.b=.{8,12};$/,
  )
  equal(lines[5], 'dmarc=pass (p=reject sp=quarantine) header.from=example.org policy.dmarc=reject\r\n')
  deepEqual(
    found.reasons.map(({ code }) => code),
    ['spf.pass', 'dkim.pass', 'dkim.pass', 'dmarc.pass'],
  )
  deepEqual(found.reasons[0]?.parameters, { domain: 'example.org', mechanism: 'ip4:192.0.2.0/24' })
  deepEqual(structuredClone(found), found)
})

test('forged mail fails, with the policy of the domain', async () => {
  const forged = plain.replace('ann@example.org', 'ann@sales.example.org')
  const found = await verify(forged, { address: '198.51.100.1', mailFrom: 'x@example.org' })
  deepEqual([found.spf.result, found.dmarc.result, found.dmarc.policy], ['fail', 'fail', 'quarantine'])
  deepEqual(
    found.reasons.map(({ code }) => code),
    ['spf.fail', 'dkim.none', 'dmarc.fail'],
  )
  match(found.header, /dkim=none/)
})

test('a forwarded message keeps its seal and its signatures', async () => {
  const signed = (await sign(plain)) + plain
  const first = await verify(signed)
  const received = first.header + signed
  const seal = await sealMessage(sourceOf(received), {
    key: { ...pairs[0]!, domain: 'example.org' },
    results: first.header.slice(first.header.indexOf(':') + 1),
    chain: first.arc.result,
    now,
  })
  const found = await verify(seal + received, { address: '203.0.113.9', mailFrom: 'list@example.com' })
  deepEqual([found.arc.result, found.arc.sealers.length, found.dmarc.result], ['pass', 1, 'pass'])
  match(found.header, /arc=pass \(i=1 sealed by example\.org\)/)
})

test('two authors of two domains, or two From fields, pass nothing', async () => {
  for (const from of [
    'From: ann@example.org, eve@example.com\r\n',
    'From: ann@example.org\r\nFrom: ann@example.org\r\n',
    `From: ${'ann@example.org, '.repeat(1500)}eve@example.com\r\n`,
  ]) {
    const text = plain.replace(/^From.*\r\n/, from)
    deepEqual((await verify(text)).dmarc.reason, 'severalAuthors')
  }
  equal((await verify(plain.replace(/^From.*\r\n/, 'From: undisclosed:;\r\n'))).dmarc.reason, 'noAuthor')
})

test('a name server that is silent costs no more than the time given, and nothing passes', async () => {
  const signed = (await sign(plain)) + plain
  const started = performance.now()
  const found = await verify(signed, {}, 'TIMEOUT')
  ok(performance.now() - started < 1500)
  equal(found.spf.result, 'temperror')
  equal(found.dkim[0]?.result, 'temperror')
  equal(found.dmarc.result, 'temperror')
})

test('hostile words stay inside their quotes in the field', async () => {
  const found = await verify(plain, { mailFrom: 'a"; dmarc=pass (x)@example.org', helo: 'x\r\nEvil: 1' })
  equal(found.header.split('\r\n').filter((line) => !line.startsWith('\t')).length, 2)
  match(found.header, /smtp\.mailfrom=example\.org;/)
  const quoted = await verify(plain, { mailFrom: '"a;b"@example.org' })
  match(quoted.header, /smtp\.mailfrom="\\"a;b\\"@example\.org";/)
})

test('whatever is changed in a signed and sealed message, there is a verdict', async () => {
  const signed = (await sign(plain)) + plain
  const key = { ...pairs[0]!, domain: 'example.org' }
  const whole =
    (await sealMessage(sourceOf(signed), { key, results: ' mx; spf=none', chain: 'none', now })) + signed
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  await fc.assert(
    fc.asyncProperty(
      fc.nat(whole.length),
      fc.nat(40),
      fc.string({ unit: 'binary', maxLength: 20 }),
      async (at, length, text) => {
        const changed = whole.slice(0, at) + text + whole.slice(at + length)
        const { headers } = parseMessage(Buffer.from(changed, 'latin1'))
        const found = await verifyWith(resolver, changed, headers, {})
        match(found.header, /^Authentication-Results: [\x20-\x7e\r\n\t]+\r\n$/)
        if (!found.dkim.some(({ result }) => result === 'pass')) return
        // White space may be changed (RFC 6376 §3.4), the author and the text may not.
        ok(changed.trimEnd().endsWith('Hello'))
        equal(found.dmarc.domain, 'example.org')
      },
    ),
    { numRuns: 300 },
  )
})

test('unsigned mail of a known domain costs less than half a millisecond', async () => {
  await using server = await startNameServer(zone)
  using resolver = openResolver({ servers: [server.address] })
  const text = `${plain}${'Some text in a line of some length, again.\r\n'.repeat(230)}`
  const { headers } = parseMessage(Buffer.from(text))
  const once = () => verifyWith(resolver, text, headers, {})
  await once()
  const before = process.cpuUsage()
  for (let count = 0; count < 500; count++) await once()
  const { user, system } = process.cpuUsage(before)
  const perMessage = (user + system) / 500 / 1000
  ok(perMessage < 0.5, `${perMessage} ms`)
  equal(server.queries.length, 3)
})

interface Sent {
  address?: string
  mailFrom?: string
  helo?: string
}

function sign(text: string): Promise<string> {
  return signMessage(
    sourceOf(text),
    pairs.map((pair) => ({ ...pair, domain: 'example.org' })),
    { now },
  )
}

function sourceOf(text: string) {
  return { open: () => Readable.from([Buffer.from(text, 'latin1')]) }
}

async function verify(text: string, sent: Sent = {}, fault?: 'TIMEOUT'): Promise<Authentication> {
  const records =
    fault === undefined ? zone : Object.fromEntries(Object.keys(zone).map((name) => [name, fault]))
  await using server = await startNameServer(records)
  using resolver = openResolver({ servers: [server.address] })
  return await verifyWith(resolver, text, parseMessage(Buffer.from(text)).headers, sent, fault && 300)
}

function verifyWith(
  resolver: Resolver,
  text: string,
  headers: ReturnType<typeof parseMessage>['headers'],
  { address = '192.0.2.7', mailFrom = 'ann@example.org', helo = 'mail.example.org' }: Sent,
  timeoutMs = 5000,
): Promise<Authentication> {
  const client = { address, helo, hostName: 'mail.example.org' }
  const delivery = { ...sourceOf(text), client, mailFrom, headers }
  return verifyMessage(delivery, { resolver, authServId: 'mx.example.net', now, timeoutMs })
}
