import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMessage } from '../mime/parse.ts'
import type { MailFacts } from './facts.ts'
import { judgeSpam } from './judge.ts'
import { createDelta } from './learning.ts'
import { createEmptyModel, loadShippedModel } from './model.ts'
import { spamReasons } from '#contracts/mail/spam-reasons.ts'
import { rules } from './rules/all.ts'

const models = { shipped: loadShippedModel() }
const passed = { authentication: { spf: 'pass', dkim: 'pass', dmarc: 'pass' } }

function message(text: string) {
  return parseMessage(Buffer.from(text.replaceAll('\n', '\r\n')))
}

const phishing = message(`Date: Mon, 2 Feb 2026 10:00:00 +0000
From: PayPal Service <x8k2j4q9@secure-paypa1.top>
To: rahim@example.org
Subject: Your account has been limited
Message-ID: <1@secure-paypa1.top>
Content-Type: text/html; charset=utf-8

<p>Dear customer, we noticed unusual activity. Please verify your account within 24 hours or it will be closed.</p>
<p><a href="http://185.10.20.30/login">https://www.paypal.com/signin</a></p>
`)

const personal = message(`Date: Mon, 2 Feb 2026 10:00:00 +0000
From: Nusrat Jahan <nusrat@example.com>
To: rahim@example.org
Subject: Re: lunch on Friday
Message-ID: <2@example.com>
In-Reply-To: <1@example.org>
References: <1@example.org>

Friday works for me. Shall we go to the place near the station again?

Nusrat

> Are you free for lunch on Friday?
`)

test('a phishing message is spam for reasons that say why', () => {
  const { verdict, reasons } = judgeSpam(phishing, {}, models)
  assert.ok(['spam', 'certainSpam'].includes(verdict), verdict)
  const codes = reasons.map(({ code }) => code)
  for (const code of [
    'brandInName',
    'brandInDomain',
    'linkToNumber',
    'linkOtherThanShown',
    'linkBrand',
    'credentials',
  ])
    assert.ok(codes.includes(code), `${code} is not among ${codes.join()}`)
  assert.deepEqual(reasons.find(({ code }) => code === 'linkOtherThanShown')!.parameters, {
    shown: 'www.paypal.com',
    host: '185.10.20.30',
  })
})

test('a personal answer is ham', () => {
  const { verdict, score } = judgeSpam(personal, {}, models)
  assert.equal(verdict, 'ham')
  assert.ok(score < -1, String(score))
})

test('the same message is judged the same', () => {
  assert.deepEqual(judgeSpam(phishing, passed, models), judgeSpam(phishing, passed, models))
})

const advertisement = message(`Date: Mon, 2 Feb 2026 10:00:00 +0000
From: Harbour Candles <hello@harbourcandles.example>
To: rahim@example.org
Subject: FREE!!! ORDER NOW AND SAVE!!!
Message-ID: <3@harbourcandles.example>

Click here now, special offer, free shipping, order now, limited offer, satisfaction guaranteed, no obligation.
Viagra and Cialis at the lowest price, no prescription needed. Lose weight fast.
`)
const read = { seen: 3, read: 2, repliedTo: 0, markedSpam: 0, markedHam: 0, inContacts: false }

test('words alone never filter a proved sender whom the person has read', () => {
  assert.notEqual(judgeSpam(advertisement, passed, models).verdict, 'ham')
  const known = judgeSpam(advertisement, { ...passed, history: read }, models)
  assert.equal(known.verdict, 'ham')
  assert.equal(known.reasons[0]!.code, 'knownSender')
})

test('a forged sender has no share in the history of the real one', () => {
  const forged = { authentication: { spf: 'fail', dkim: 'none', dmarc: 'fail' }, history: read }
  const { reasons, verdict } = judgeSpam(advertisement, forged, models)
  assert.notEqual(verdict, 'ham')
  assert.ok(!reasons.some(({ code }) => code === 'readBefore'))
})

test('a known sender that sends a program is still accused', () => {
  const virus = message(`From: Harbour Candles <hello@harbourcandles.example>
To: rahim@example.org
Subject: Invoice overdue, act now, final notice
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

kindly check the attached file
--b
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="invoice.pdf.exe"
Content-Transfer-Encoding: base64

TVqQ
--b--
`)
  const { verdict, reasons } = judgeSpam(virus, { ...passed, history: read }, models)
  assert.ok(reasons.some(({ code }) => code === 'attachmentRuns'))
  assert.ok(!reasons.some(({ code }) => code === 'knownSender'))
  assert.notEqual(verdict, 'ham')
})

test('lists win, but nobody is allowed in under a forged name', () => {
  const allow = { allow: ['secure-paypa1.top'], block: [] }
  assert.equal(judgeSpam(phishing, { lists: allow }, models).verdict, 'ham')
  const forged: MailFacts = { lists: allow, authentication: { dmarc: 'fail' } }
  assert.notEqual(judgeSpam(phishing, forged, models).verdict, 'ham')
  const blocked = judgeSpam(personal, { lists: { allow: [], block: ['nusrat@example.com'] } }, models)
  assert.equal(blocked.verdict, 'spam')
  assert.deepEqual(blocked.reasons[0], {
    code: 'blocked',
    parameters: { entry: 'nusrat@example.com' },
    weight: 20,
  })
  assert.equal(judgeSpam(personal, { lists: { allow: [], block: ['ample.com'] } }, models).verdict, 'ham')
})

test('a filter that has learned nothing is slower to call spam', () => {
  const account = { ...createDelta(), trainings: 500 }
  const scores = [advertisement, phishing, personal].map((each) => [
    judgeSpam(each, {}, { shipped: createEmptyModel() }).verdict,
    judgeSpam(each, {}, { shipped: createEmptyModel(), account }).verdict,
  ])
  const strictness = ['ham', 'unsure', 'spam', 'certainSpam']
  for (const [fresh, experienced] of scores)
    assert.ok(strictness.indexOf(fresh!) <= strictness.indexOf(experienced!), `${fresh} ${experienced}`)
})

test('every reason can be said in both languages, with the parameters that its rule gives', () => {
  for (const { code } of rules) {
    assert.ok(spamReasons[code], `no words for ${code}`)
    assert.notEqual(spamReasons[code].en, '')
    assert.match(spamReasons[code].bn, /[\u0980-\u09ff]/)
  }
  assert.ok(rules.length >= 40)
  assert.equal(new Set(rules.map(({ code }) => code)).size, rules.length)
  for (const { code, parameters } of judgeSpam(phishing, passed, models).reasons)
    for (const [, name] of spamReasons[code]!.en.matchAll(/\{(\w+)\}/g))
      assert.ok(parameters[name!] !== undefined, `${code} lacks ${name}`)
})

test('any bytes are judged', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc
      .array(
        fc.constantFrom(
          'From: ',
          'Subject: ',
          '<a href="',
          'http://',
          '"',
          '>',
          '<',
          '@',
          '\r\n',
          '=?utf-8?B?',
          'xn--',
          ';',
          'x',
          '\u202e',
          '%',
          'paypal',
          '\u0000',
        ),
        { maxLength: 60 },
      )
      .map((pieces) => Buffer.from(pieces.join(''))),
  )
  fc.assert(
    fc.property(hostile, (bytes) => {
      const { score } = judgeSpam(parseMessage(Buffer.from(bytes)), {}, models)
      assert.ok(Number.isFinite(score))
    }),
    { numRuns: 300 },
  )
})

test('large messages made to be slow are judged in time', () => {
  const bodies = [
    '<a href="'.repeat(60_000),
    '<'.repeat(500_000),
    '://'.repeat(100_000),
    'a@'.repeat(200_000),
    '<div style="font-size:'.repeat(20_000),
    `${'a '.repeat(250_000)}`,
    'а b'.repeat(100_000),
  ]
  for (const body of bodies) {
    const large = message(
      `From: "${body.slice(0, 50_000).replaceAll('"', '')}" <a@b.example>\nSubject: ${body.slice(0, 5000)}\nContent-Type: text/html\n\n${body}`,
    )
    const before = performance.now()
    judgeSpam(large, {}, models)
    assert.ok(performance.now() - before < 500, `${body.slice(0, 10)} took ${performance.now() - before} ms`)
  }
})
