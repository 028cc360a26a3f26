/** Debian's Exim is another domain, found by MX records both ways; it checks SPF and DKIM by itself. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually } from '#platform/testing/eventually.ts'
import { runDkimpy } from '#services/mail/authentication/dkimpy.testing.ts'
import { publicRecordOf } from '#services/mail/domains/keys.ts'
import type { Zone } from '#services/mail/testing/name-server.ts'
import { startExim, type Exim } from './exim.ts'
import { adminOf, arrivedWith, deliveryOf, letterIn, lettersIn, openTown, type Town } from './town.ts'

const host = '127.0.1.3'
const domain = 'exim.example'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const zone: Zone = {
  [domain]: { MX: [`10 mx.${domain}`], TXT: [`v=spf1 ip4:${host} -all`] },
  [`mx.${domain}`]: { A: [host], TXT: [`v=spf1 ip4:${host} -all`] },
  [`_dmarc.${domain}`]: { TXT: ['v=DMARC1; p=reject'] },
  [`sel._domainkey.${domain}`]: { TXT: [publicRecordOf(privateKey)] },
  '3.1.0.127.in-addr.arpa': { PTR: [`mx.${domain}`] },
}

let town: Town
let exim: Exim
before(async () => {
  // Exim finds us by our MX record, which names no port.
  town = await openTown(zone, { MAIL_HOST: '127.0.1.1', SMTP_PORT: '25' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  exim = await startExim({ host, domain, key, selector: 'sel', nameServer: town.office.names.address })
})
after(async () => {
  await exim?.[Symbol.asyncDispose]()
  await town?.[Symbol.asyncDispose]()
})

const maildir = () => join(exim.folder, 'mail/all')

test('our mail passes SPF and DKIM there by its own verdict, attachment and subject are whole', async () => {
  const picture = randomBytes(200_000)
  await town.submit({
    to: `ayesha@${domain}`,
    subject: 'চালান নং ১৩',
    text: '.\n..\nশেষ',
    attachments: [{ filename: 'চালান.png', content: picture }],
  })
  const source = await letterIn(maildir(), /চালান|=\?utf-8\?/i)
  const [results = ''] =
    /^Authentication-Results: mx\.exim\.example;(?:.*\r\n(?=[ \t]))*.*/m.exec(source) ?? []
  assert.match(results, /spf=pass/)
  assert.deepEqual(results.match(/dkim=\w+/g), ['dkim=pass', 'dkim=pass'])
  assert.deepEqual(await runDkimpy('verify', unstamped(source), town.office.names.zone), [true, true])
  assert.ok(source.replaceAll('\r\n', '').includes(picture.toString('base64').slice(0, 5000)))
  await eventually(async () => (await deliveryOf(town.rahim, 'চালান নং ১৩'))[0]!.state === 'relayed')
  assert.match((await deliveryOf(town.rahim, 'চালান নং ১৩'))[0]!.answer ?? '', /^250 OK id=/)
})

test('an address in Bengali is written to as it is', async () => {
  await town.rahim.mail.sendMail({ to: `আয়েশা@${domain}`, subject: 'As far as Exim', text: 'শুভ সকাল' })
  const source = await letterIn(maildir(), /^Subject: As far as Exim\r$/m)
  assert.match(Buffer.from(source, 'latin1').toString(), /^To: .*আয়েশা@exim\.example/m)
})

test('their mail passes SPF, DKIM and DMARC here, and what is attached is whole', async () => {
  const file = randomBytes(60_000)
  const content = [
    `From: Ayesha <ayesha@${domain}>`,
    'To: rahim@ours.example',
    `Subject: =?utf-8?B?${Buffer.from('রসিদ').toString('base64')}?=`,
    'Date: Sat, 21 Nov 2026 10:00:00 +0600',
    `Message-ID: <receipt@${domain}>`,
    'MIME-Version: 1.0',
    'Content-Type: application/pdf; name=receipt.pdf',
    'Content-Transfer-Encoding: base64',
    '',
    file.toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
    '',
  ].join('\r\n')
  await exim.sendmail(`ayesha@${domain}`, 'rahim@ours.example', Buffer.from(content))
  const message = await arrivedWith(town.rahim, 'রসিদ')
  const { spf, dkim, dmarc, client } = message.authentication!
  assert.deepEqual(
    [spf.result, dkim[0]?.result, dkim[0]?.isAligned, dmarc.result],
    ['pass', 'pass', true, 'pass'],
  )
  assert.deepEqual([client.address, client.name], [host, `mx.${domain}`])
  assert.deepEqual(
    message.attachments.map(({ fileName, sizeBytes }) => [fileName, sizeBytes]),
    [['receipt.pdf', file.length]],
  )
})

test('an address in Bengali writes to us', async () => {
  const content = `From: <আয়েশা@${domain}>\r\nTo: rahim@ours.example\r\nSubject: From afar\r\nDate: Sat, 21 Nov 2026 10:00:00 +0600\r\nMessage-ID: <afar@${domain}>\r\n\r\nHello\r\n`
  await exim.sendmail(`আয়েশা@${domain}`, 'rahim@ours.example', Buffer.from(content))
  const message = await arrivedWith(town.rahim, 'From afar')
  assert.equal(message.from[0]?.address, `আয়েশা@${domain}`)
  assert.equal(message.authentication?.dmarc.result, 'pass')
})

test('what they refuse fails at once; what they report later changes our trace', async () => {
  await town.rahim.mail.sendMail({
    to: [{ address: `refused@${domain}` }, { address: `gone@${domain}` }],
    subject: 'Anybody?',
    text: 'Hello?',
  })
  const states = async () =>
    Object.fromEntries(
      (await deliveryOf(town.rahim, 'Anybody?')).map(({ address, state }) => [address, state]),
    )
  await eventually(async () => {
    const seen = await states()
    return seen[`refused@${domain}`] === 'failed' && seen[`gone@${domain}`] === 'failed'
  }, 20_000)
  const answers = Object.fromEntries(
    (await deliveryOf(town.rahim, 'Anybody?')).map(({ address, answer }) => [address, answer]),
  )
  assert.match(answers[`refused@${domain}`] ?? '', /^550 nobody has this address/)
  assert.match(answers[`gone@${domain}`] ?? '', /this person has left|5\.0\.0/)
})

test('our report of what could not be delivered comes to them without a sender, passing their checks', async () => {
  await adminOf(town).saveAddress({
    address: 'circle@ours.example',
    kind: 'group',
    accountIds: [],
    forwardTo: [`refused@${domain}`],
  })
  const content = `From: Ayesha <ayesha@${domain}>\r\nTo: circle@ours.example\r\nSubject: To the circle\r\nDate: Sat, 21 Nov 2026 10:00:00 +0600\r\nMessage-ID: <circle@${domain}>\r\n\r\nHello\r\n`
  await exim.sendmail(`ayesha@${domain}`, 'circle@ours.example', Buffer.from(content))
  const report = await letterIn(maildir(), /^Content-Type: multipart\/report/m)
  assert.match(report, /^Return-path: <>\r$/im)
  assert.match(report, /^In-Reply-To: <circle@exim\.example>\r$/m)
  assert.match(
    report,
    /^Final-Recipient: rfc822; refused@exim\.example\r\nAction: failed\r\nStatus: 5\.\d\.\d\r$/m,
  )
  assert.match(report, /^Authentication-Results: mx\.exim\.example;[^]*?dkim=pass/m)
})

test('while they are away mail waits, and comes once when they are back', async () => {
  await exim.kill()
  const subjects = Array.from({ length: 15 }, (_, index) => `Patience ${index}`)
  for (const subject of subjects)
    await town.rahim.mail.sendMail({ to: `ayesha@${domain}`, subject, text: 'Wait' })
  await eventually(async () => (await deliveryOf(town.rahim, subjects[0]!))[0]!.state === 'delayed')
  await exim.start()
  await eventually(async () => {
    await adminOf(town).changeQueue({ action: 'retry' })
    return (await came()).length >= subjects.length
  }, 20_000)
  await eventually(async () => (await exim.waiting()) === 0)
  assert.deepEqual((await came()).toSorted(), subjects.toSorted())
})

async function came(): Promise<string[]> {
  return (await lettersIn(maildir())).flatMap(
    (source) => /^Subject: (Patience \d+)\r$/m.exec(source)?.[1] ?? [],
  )
}

/** Without what was put before it on its way. */
function unstamped(source: string): string {
  return source.slice(source.indexOf('DKIM-Signature:'))
}
