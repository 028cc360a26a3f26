import { deepEqual, equal, ok } from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { before, test } from 'node:test'
import { dkimSign } from 'mailauth/lib/dkim/sign.js'
import { dkimVerify } from 'mailauth/lib/dkim/verify.js'
import { makeDomainKeys, publicRecordOf, type DomainKeyPair } from '../domains/keys.ts'
import { startNameServer, type Zone } from '../testing/name-server.ts'
import { canonicalField, hashBodyAs } from './canonical.ts'
import { bodyHashes, prepareDkim, verifyDkim, type DkimOutcome } from './dkim.ts'
import { rfc6376, rfc8463 } from './dkim-vectors.testing.ts'
import { runDkimpy } from './dkimpy.testing.ts'
import { openRawMessage } from './raw-message.ts'
import { openResolver } from './resolver.ts'
import { signMessage, type SigningKey } from './sign.ts'

const now = new Date('2026-11-21T12:00:00Z')
const dkimpyData = '/usr/lib/python3/dist-packages/dkim/tests/data'
let pairs: DomainKeyPair[] = []
let keys: SigningKey[] = []
let zone: Zone = {}

before(async () => {
  pairs = await makeDomainKeys(now)
  keys = pairs.map((pair) => ({ ...pair, domain: 'example.org' }))
  zone = Object.fromEntries(
    pairs.map(({ selector, publicRecord }) => [
      `${selector}._domainkey.example.org`,
      { TXT: [publicRecord] },
    ]),
  )
})

const plain = message(
  'From: =?utf-8?q?K=C3=A4the?= <kaethe@example.org>',
  'To: bob@example.net',
  'Subject: Two  spaces\r\n\tand a fold ',
  'Date: Sat, 21 Nov 2026 12:00:00 +0000',
  'Message-ID: <1@example.org>',
)('Hello \t world  \r\n\r\n trailing \r\n\r\n\r\n')

test('RFC 8463 appendix A verifies with both keys', async () => {
  const record = { 'brisbane._domainkey.football.example.com': { TXT: [rfc8463.ed25519] }, ...rfc8463Rsa() }
  const outcomes = await verify(rfc8463.message, record)
  deepEqual(
    outcomes.map(({ result, algorithm, bits, domain, selector }) => [
      result,
      algorithm,
      bits,
      domain,
      selector,
    ]),
    [
      ['pass', 'ed25519-sha256', 256, 'football.example.com', 'brisbane'],
      ['pass', 'rsa-sha256', 1024, 'football.example.com', 'test'],
    ],
  )
  const [changed] = await verify(rfc8463.message.replace('hungry', 'thirsty'), record)
  deepEqual([changed?.result, changed?.reason], ['fail', 'bodyChanged'])
  const [subject] = await verify(rfc8463.message.replace('dinner', 'supper'), record)
  deepEqual([subject?.result, subject?.reason], ['fail', 'signatureWrong'])
})

test('RFC 6376 appendix A.2 verifies', async () => {
  const record = { 'brisbane._domainkey.example.com': { TXT: [rfc6376.key] } }
  const [outcome] = await verify(rfc6376.message, record)
  deepEqual([outcome?.result, outcome?.reason, outcome?.bits], ['pass', undefined, 1024])
  const [changed] = await verify(rfc6376.message.replace('client1', 'client2'), record)
  deepEqual([changed?.result, changed?.reason], ['fail', 'signatureWrong'])
})

test('canonical forms are those of RFC 6376 §3.4.5', () => {
  const body = ' C \r\nD \t E\r\n\r\n\r\n'
  const field = { name: 'b', text: 'B : Y\t\r\n\tZ  ' }
  equal(canonicalField(field, 'relaxed'), 'b:Y Z')
  equal(canonicalField(field, 'simple'), field.text)
  equal(digest('relaxed', body), digest('simple', ' C\r\nD E\r\n'))
  equal(digest('simple', body), digest('simple', ' C \r\nD \t E\r\n'))
  // RFC 6376 §3.4.3 and §3.4.4 state the hashes of an empty body.
  equal(digest('simple', ''), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=')
  equal(digest('relaxed', ''), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
})

test('a body hashes the same however it is cut into chunks', () => {
  const body = 'a \t\r\n\r\n \r\nb\rc\r\r\n\t d \r\n\r\n'
  for (const canonicalization of ['simple', 'relaxed'] as const)
    for (let size = 1; size <= body.length; size++)
      equal(
        digest(canonicalization, body, size),
        digest(canonicalization, body),
        `${canonicalization} ${size}`,
      )
})

test('what we sign verifies, with us, with dkimpy and with mailauth', async () => {
  const signed = (await sign(plain)) + plain
  deepEqual(
    (await verify(signed)).map(({ result, bits }) => [result, bits]),
    [
      ['pass', 2048],
      ['pass', 256],
    ],
  )
  deepEqual(await runDkimpy('verify', signed, zone), [true, true])
  const { results } = await dkimVerify(Buffer.from(signed, 'latin1'), {
    resolver: nodeResolver(zone),
    strict: true,
    curTime: now,
  })
  deepEqual(
    results.map(({ status }) => status.result),
    ['pass', 'pass'],
  )
  for (const line of (await sign(plain)).split('\r\n')) ok(line.length <= 100, line)
})

test('what dkimpy and mailauth sign verifies with us, in each canonical form', async () => {
  const [rsa, ed25519] = pairs
  for (const form of ['simple/simple', 'relaxed/simple', 'simple/relaxed', 'relaxed/relaxed'])
    for (const pair of [rsa!, ed25519!]) {
      const options = {
        selector: pair.selector,
        domain: 'example.org',
        key: rawKey(pair),
        form,
        algorithm: pair.algorithm,
      }
      const header = await runDkimpy('sign', plain, zone, options)
      deepEqual(
        (await verify(`${header}${plain}`)).map(({ result }) => result),
        ['pass'],
        `${form} ${pair.algorithm}`,
      )
    }
  const options = {
    canonicalization: 'relaxed/relaxed',
    signTime: now,
    signingDomain: '',
    selector: '',
    privateKey: '',
  }
  const signatureData = keys.map(({ selector, privateKey, domain }) => ({
    selector,
    privateKey: String(privateKey),
    signingDomain: domain,
  }))
  const { signatures } = await dkimSign(Buffer.from(plain, 'latin1'), { ...options, signatureData })
  deepEqual(
    (await verify(signatures + plain)).map(({ result }) => result),
    ['pass', 'pass'],
  )
})

test("dkimpy's own signed messages verify", async () => {
  const names = {
    'brisbane._domainkey.football.example.com': { TXT: [rfc8463.ed25519] },
    ...rfc8463Rsa(),
    'sed._domainkey.test.ex': { TXT: [dataOf('eximtest.dns').trim()] },
  }
  for (const [file, count] of [
    ['rfc6376.signed.msg', 2],
    ['rfc6376.signed.rsa.msg', 1],
    ['ed25519test2.msg', 1],
  ] as const) {
    const text = dataOf(file).replace(/\r?\n/g, '\r\n')
    deepEqual(
      (await verify(text, names)).map(({ result }) => result),
      Array(count).fill('pass'),
      file,
    )
  }
})

test('no header can be added that was signed as absent or as once', async () => {
  const signed = (await sign(plain)) + plain
  for (const extra of [
    'Subject: other',
    'From: x@evil.example',
    'To: x@example.net',
    'Reply-To: x@evil.example',
    'Cc: x@evil.example',
    'Content-Type: text/html',
    'Date: Sun, 22 Nov 2026 12:00:00 +0000',
  ])
    deepEqual(
      (await verify(`${extra}\r\n${signed}`)).map(({ result }) => result),
      ['fail', 'fail'],
      extra,
    )
  deepEqual(
    (await verify(`Received: from x\r\nX-Spam: no\r\n${signed}`)).map(({ result }) => result),
    ['pass', 'pass'],
  )
})

test('a signature is refused for what it leaves open or what is too weak', async () => {
  const signed = await signWith(plain, { tags: ['l=5'] })
  deepEqual(await verdictOf(signed + plain), ['policy', 'bodyNotCovered'])
  deepEqual(await verdictOf((await signWith(plain, { tags: [`x=${now.getTime() / 1000 - 1}`] })) + plain), [
    'policy',
    'expired',
  ])
  deepEqual(await verdictOf((await signWith(plain, { tags: [`x=${now.getTime() / 1000 + 60}`] })) + plain), [
    'pass',
    undefined,
  ])
  deepEqual(await verdictOf((await signWith(plain, { names: 'to:subject' })) + plain), [
    'permerror',
    'fromNotSigned',
  ])
  deepEqual(await verdictOf((await signWith(plain, { tags: ['i=a@other.org'] })) + plain), [
    'permerror',
    'domainMismatch',
  ])
  deepEqual(await verdictOf((await signWith(plain, { tags: ['i=a@sub.example.org'] })) + plain), [
    'pass',
    undefined,
  ])
  deepEqual(await verdictOf((await signWith(plain, { tags: ['q=http'] })) + plain), ['neutral', 'syntax'])
  deepEqual(await verdictOf(signed.replace('rsa-sha256', 'rsa-sha1') + plain), ['policy', 'weakAlgorithm'])
  deepEqual(await verdictOf(signed.replace('rsa-sha256', 'rsa-md5') + plain), ['neutral', 'algorithmUnknown'])
  deepEqual(await verdictOf(signed.replace('v=1', 'v=2') + plain), ['neutral', 'syntax'])
  deepEqual(await verdictOf(signed.replace('v=1;', 'v=1; d=x.org;') + plain), ['neutral', 'syntax'])

  const short = generateKeyPairSync('rsa', { modulusLength: 768 })
  const weak: SigningKey = { ...keys[0]!, selector: 'weak', privateKey: short.privateKey }
  const weakZone = { 'weak._domainkey.example.org': { TXT: [publicRecordOf(short.privateKey)] } }
  const [outcome] = await verify((await sign(plain, [weak])) + plain, weakZone)
  deepEqual([outcome?.result, outcome?.reason, outcome?.bits], ['policy', 'weakKey', 768])
})

test('what the name server says of the key is told apart', async () => {
  const signed = (await sign(plain, [keys[0]!])) + plain
  const name = `${keys[0]!.selector}._domainkey.example.org`
  const record = pairs[0]!.publicRecord
  const edRecord = pairs[1]!.publicRecord
  const cases: [Zone[string], string, string | undefined][] = [
    [{ TXT: [record] }, 'pass', undefined],
    [{ TXT: [record.replace('p=', 't=y; p=')] }, 'pass', undefined],
    ['SERVFAIL', 'temperror', 'dnsFailure'],
    [{ A: ['192.0.2.1'] }, 'permerror', 'keyMissing'],
    [{ TXT: ['v=DKIM1; k=rsa; p='] }, 'permerror', 'keyRevoked'],
    [{ TXT: ['v=DKIM1; k=rsa; p=abcd'] }, 'permerror', 'keyUnusable'],
    [{ TXT: [record.replace('DKIM1', 'DKIM2')] }, 'permerror', 'keyUnusable'],
    [{ TXT: [record.replace('p=', 's=tlsrpt; p=')] }, 'permerror', 'keyUnusable'],
    [{ TXT: [record.replace('p=', 'h=sha1; p=')] }, 'permerror', 'keyUnusable'],
    [{ TXT: [edRecord] }, 'permerror', 'keyMismatch'],
  ]
  for (const [entry, result, reason] of cases) {
    const [outcome] = await verify(signed, { [name]: entry })
    deepEqual([outcome?.result, outcome?.reason], [result, reason], JSON.stringify(entry))
  }
  equal((await verify(signed, {}))[0]?.reason, 'keyMissing')
})

test('many signatures, endless tags and headers cost little', async () => {
  const [signature] = [await sign(plain, [keys[0]!])]
  const started = performance.now()
  const many = await verify(signature.repeat(500) + plain)
  equal(many.length, 9)
  deepEqual(many.at(-1)?.reason, 'tooManySignatures')
  await verify(
    signature.replace('h=from', `h=from${':a'.repeat(100_000)}`) + 'a: b\r\n'.repeat(9_000) + plain,
  )
  await verify(`DKIM-Signature: ${'v=1; '.repeat(100_000)}\r\n${plain}`)
  await verify(`DKIM-Signature: v=1; b=${' '.repeat(400_000)}\r\n${plain}`)
  ok(performance.now() - started < 3000, `${performance.now() - started} ms`)
})

function message(...fields: string[]) {
  return (body: string) => `${fields.join('\r\n')}\r\n\r\n${body}`
}

function sourceOf(text: string) {
  const bytes = Buffer.from(text, 'latin1')
  // In pieces, as from a disk.
  return {
    open: () => Readable.from(text.length > 5000 ? [bytes] : [bytes.subarray(0, 100), bytes.subarray(100)]),
  }
}

function sign(text: string, by = keys): Promise<string> {
  return signMessage(sourceOf(text), by, { now })
}

/** A signature with tags that ours never has. */
function signWith(text: string, { tags = [], names = 'from:subject' }: { tags?: string[]; names?: string }) {
  return runDkimpy('signRaw', text, zone, {
    selector: pairs[0]!.selector,
    domain: 'example.org',
    key: rawKey(pairs[0]!),
    form: 'relaxed/relaxed',
    algorithm: 'rsa',
    tags,
    names,
  })
}

async function verdictOf(text: string) {
  const [outcome] = await verify(text)
  return [outcome?.result, outcome?.reason]
}

async function verify(text: string, records = zone): Promise<DkimOutcome[]> {
  await using server = await startNameServer(records)
  using resolver = openResolver({ servers: [server.address] })
  await using raw = await openRawMessage(sourceOf(text))
  const hashes = bodyHashes()
  const prepared = prepareDkim(raw.fields, hashes)
  await raw.hashBody(hashes.all)
  return await verifyDkim(prepared, raw.fields, hashes, resolver, now.getTime() / 1000)
}

function digest(canonicalization: 'simple' | 'relaxed', body: string, size = 1000): string {
  const hash = hashBodyAs(canonicalization)
  for (let at = 0; at < body.length; at += size) hash.update(Buffer.from(body.slice(at, at + size)))
  return hash.finish().digest
}

/** As dkimpy takes them: PEM, or the 32 octets of Ed25519 in base64. */
function rawKey({ algorithm, privateKey }: DomainKeyPair): string {
  if (algorithm === 'rsa') return privateKey
  const der = Buffer.from(privateKey.replace(/-----[^-]*-----|\s/g, ''), 'base64')
  return der.subarray(-32).toString('base64')
}

function nodeResolver(records: Zone) {
  return async (name: string) => {
    const entry = records[name]
    if (typeof entry !== 'object' || !Array.isArray(entry.TXT))
      throw Object.assign(new Error(name), { code: 'ENOTFOUND' })
    return entry.TXT.map((text) => [String(text)])
  }
}

function dataOf(file: string): string {
  return readFileSync(`${dkimpyData}/${file}`, 'latin1')
}

function rfc8463Rsa(): Zone {
  return { 'test._domainkey.football.example.com': { TXT: [rfc8463.rsa] } }
}
