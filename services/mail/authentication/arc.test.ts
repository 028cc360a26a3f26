import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { Readable } from 'node:stream'
import { before, test } from 'node:test'
import { arc as mailauthArc } from 'mailauth/lib/arc/index.js'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { makeDomainKeys, type DomainKeyPair } from '../domains/keys.ts'
import { startNameServer, type Zone } from '../testing/name-server.ts'
import { prepareArc, verifyArc, type ArcOutcome } from './arc.ts'
import { bodyHashes } from './dkim.ts'
import { runDkimpy } from './dkimpy.testing.ts'
import { openRawMessage } from './raw-message.ts'
import { openResolver } from './resolver.ts'
import { sealMessage } from './seal.ts'
import type { SigningKey } from './sign.ts'

const now = new Date('2026-11-21T12:00:00Z')
const results =
  ' mx.example.org;\r\n\tspf=pass smtp.mailfrom=a@example.net;\r\n\tdmarc=pass header.from=example.net\r\n'
const plain = [
  'Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=a@example.net; dkim=none',
  'From: Ann <a@example.net>',
  'To: b@example.org',
  'Subject: Hello',
  'Date: Sat, 21 Nov 2026 12:00:00 +0000',
  'Message-ID: <1@example.net>',
  '',
  'Hello\r\n',
].join('\r\n')

let pairs: DomainKeyPair[] = []
let key: SigningKey
let zone: Zone = {}

before(async () => {
  pairs = await makeDomainKeys(now)
  key = { ...pairs[0]!, domain: 'example.org' }
  zone = Object.fromEntries(
    pairs.map(({ selector, publicRecord }) => [
      `${selector}._domainkey.example.org`,
      { TXT: [publicRecord] },
    ]),
  )
})

test('a chain of our seals passes, with us, with dkimpy and with mailauth', async () => {
  const once = await sealed(plain, 'none')
  const twice = await sealed(`Received: from a by b\r\n${once}`, 'pass')
  deepEqual(await verify(plain), { result: 'none', sealers: [] })
  for (const [text, count] of [
    [once, 1],
    [twice, 2],
  ] as const) {
    const outcome = await verify(text)
    deepEqual([outcome.result, outcome.reason, outcome.sealers.length], ['pass', undefined, count])
    deepEqual(outcome.sealers.at(-1), { instance: count, domain: 'example.org', selector: key.selector })
    equal((await runDkimpy('verifyChain', text, zone))[0], 'pass')
    equal(await mailauthVerdict(text), 'pass')
  }
  match(twice, /ARC-Seal: i=2;[^]*cv=pass/)
  match(twice, /ARC-Authentication-Results: i=2; mx\.example\.org;\r\n\tspf=pass/)
})

test('a chain that goes through dkimpy passes too, and an Ed25519 seal of ours', async () => {
  const signing = {
    selector: key.selector,
    domain: 'example.org',
    key: pairs[0]!.privateKey,
    authServId: 'mx.example.org',
  }
  const theirs = (await runDkimpy('seal', plain, zone, signing)) + plain
  equal((await verify(theirs)).result, 'pass')
  const ours = await sealed(theirs, 'pass', { ...pairs[1]!, domain: 'example.org' })
  const outcome = await verify(ours)
  deepEqual([outcome.result, outcome.sealers.length], ['pass', 2])
})

test('what was changed after the seal fails', async () => {
  const once = await sealed(plain, 'none')
  const twice = await sealed(once, 'pass')
  const cases: [string, string][] = [
    [twice.replace('Hello\r\n', 'Other\r\n'), 'messageChanged'],
    [twice.replace('Subject: Hello', 'Subject: Other'), 'messageChanged'],
    [twice.replace('i=1; mx.example.org', 'i=1; mx.example.com'), 'sealWrong'],
    [twice.replace('cv=pass', 'cv=none'), 'structure'],
    [twice.replace('cv=pass', 'cv=fail'), 'saidToFail'],
    [twice.replace('cv=none', 'cv=pass'), 'structure'],
    [twice.replaceAll('i=1;', 'i=3;'), 'structure'],
    [twice.replace('ARC-Seal: i=2;', 'ARC-Seal: i=2; h=from;'), 'structure'],
    [once.slice(0, -plain.length) + once, 'structure'],
    [`ARC-Seal: i=1; cv=none\r\n${plain}`, 'structure'],
    [`ARC-Seal: i=99; cv=none\r\n${plain}`, 'structure'],
    [`ARC-Message-Signature: nonsense\r\n${plain}`, 'structure'],
    [`ARC-Authentication-Results: i=1; ${'x'.repeat(300_000)}\r\n${once}`, 'tooLong'],
  ]
  for (const [text, reason] of cases) {
    ok(text !== twice, reason)
    const outcome = await verify(text)
    deepEqual([outcome.result, outcome.reason], ['fail', reason], text.slice(0, 300))
  }
})

test('a name server that fails makes it unknown, a key that is gone makes it fail', async () => {
  const once = await sealed(plain, 'none')
  const name = `${key.selector}._domainkey.example.org`
  deepEqual((await verify(once, { [name]: 'SERVFAIL' })).result, 'temperror')
  const gone = await verify(once, {})
  deepEqual([gone.result, gone.reason], ['fail', 'keyUnusable'])
})

test('a chain that failed is sealed once as failed and never again; one that is unknown is not sealed', async () => {
  const changed = (await sealed(plain, 'none')).replace('Hello\r\n', 'Other\r\n')
  const failed = await sealed(changed, 'fail')
  match(failed, /cv=fail/)
  equal((await verify(failed)).reason, 'saidToFail')
  equal(await sealOf(failed, 'fail'), '')
  equal(await sealOf(plain, 'temperror'), '')
})

test('fifty seals are checked, and a 51st is not put on', async () => {
  let text = plain
  for (let count = 0; count < 50; count++) text = await sealed(text, count === 0 ? 'none' : 'pass')
  const started = performance.now()
  equal((await verify(text)).result, 'pass')
  ok(performance.now() - started < 2000)
  equal(await sealOf(text, 'pass'), '')
})

async function sealed(text: string, chain: ArcOutcome['result'], by = key): Promise<string> {
  return (await sealOf(text, chain, by)) + text
}

function sealOf(text: string, chain: ArcOutcome['result'], by = key): Promise<string> {
  return sealMessage(sourceOf(text), { key: by, results, chain, now })
}

function sourceOf(text: string) {
  return { bytes: Buffer.from(text, 'latin1'), open: () => Readable.from([]) }
}

async function verify(text: string, records = zone): Promise<ArcOutcome> {
  await using server = await startNameServer(records)
  using resolver = openResolver({ servers: [server.address] })
  await using raw = await openRawMessage(sourceOf(text))
  const hashes = bodyHashes()
  const prepared = prepareArc(raw.fields, hashes)
  await raw.hashBody(hashes.all)
  return await verifyArc(prepared, raw.fields, hashes, resolver, now.getTime() / 1000)
}

async function mailauthVerdict(text: string): Promise<string> {
  const resolver = async (name: string) => {
    const entry = zone[name]
    if (typeof entry !== 'object' || !Array.isArray(entry.TXT))
      throw Object.assign(new Error(name), { code: 'ENOTFOUND' })
    return entry.TXT.map((record) => [String(record)])
  }
  const { arc } = (await dkimVerify(Buffer.from(text, 'latin1'), { resolver, strict: true })) as never as {
    arc: Parameters<typeof mailauthArc>[0]
  }
  const { status } = await mailauthArc(arc, { resolver, strict: true } as never)
  return status.result
}
