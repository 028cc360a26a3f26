/** Debian's Postfix with rspamd is another domain: mail, verdicts and bounces go both ways. */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, rm, chmod } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import { eventually } from '#platform/testing/eventually.ts'
import { runDkimpy } from '#services/mail/authentication/dkimpy.testing.ts'
import { certificateFor, deliveryScene, letter } from '#services/mail/delivery/testing.ts'
import { publicRecordOf } from '#services/mail/domains/keys.ts'
import type { Zone } from '#services/mail/testing/name-server.ts'
import { startRspamd, type Rspamd } from '../../../bench/smtp/rspamd.ts'
import { startPostfix, type Postfix } from './postfix.ts'
import { adminOf, arrivedWith, deliveryOf, letterIn, lettersIn, openTown, type Town } from './town.ts'

const host = '127.0.1.2'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const signing = {
  selector: 'sel',
  domain: 'postfix.example',
  key: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  form: 'relaxed/relaxed',
  algorithm: 'rsa',
} as const

const zone: Zone = {
  'postfix.example': { MX: ['10 mx.postfix.example'], TXT: [`v=spf1 ip4:${host} -all`] },
  // Reports of theirs have no sender: SPF then looks at the name of the server (RFC 7208 §2.4).
  'mx.postfix.example': { A: [host], TXT: [`v=spf1 ip4:${host} -all`] },
  '_dmarc.postfix.example': { TXT: ['v=DMARC1; p=reject'] },
  'sel._domainkey.postfix.example': { TXT: [publicRecordOf(privateKey)] },
  '_mta-sts.postfix.example': { TXT: ['v=STSv1; id=20261121'] },
  '2.1.0.127.in-addr.arpa': { PTR: ['mx.postfix.example'] },
}

let town: Town
let postfix: Postfix
let rspamd: Rspamd
let folder: string
const maildir = (user: string) => join(postfix.folder, 'vmail', 'postfix.example', user)

before(async () => {
  town = await openTown(zone)
  folder = await mkdtemp(join(tmpdir(), 'dakghar-rspamd-'))
  await chmod(folder, 0o755)
  rspamd = await startRspamd(folder, { nameServer: town.office.names.address, startsSoon: true })
  postfix = await startTheirs(25, {
    transport_maps: `inline:{ {ours.example=smtp:[127.0.0.1]:${town.office.ports.receive}}, {closed.example=smtp:[127.0.0.1]:${town.office.ports.receive}} }`,
    smtpd_milters: `inet:127.0.0.1:${rspamd.milterPort}`,
    milter_default_action: 'tempfail',
  })
})
after(async () => {
  await town?.[Symbol.asyncDispose]()
  await postfix?.[Symbol.asyncDispose]()
  await rspamd?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

function startTheirs(port: number, main: Record<string, string>): Promise<Postfix> {
  const { cert, key } = certificateFor('mx.postfix.example')
  return startPostfix({
    host,
    port,
    files: { 'tls.pem': `${key}${cert}` },
    main: {
      myhostname: 'mx.postfix.example',
      virtual_mailbox_domains: 'postfix.example',
      virtual_mailbox_maps:
        'inline:{ {ayesha@postfix.example=postfix.example/ayesha/}, {আয়েশা@postfix.example=postfix.example/utf8/} }',
      virtual_alias_maps: 'inline:{ {moved@postfix.example=nobody@closed.example} }',
      smtpd_tls_security_level: 'may',
      smtpd_tls_chain_files: '$config_directory/../tls.pem',
      smtp_tls_security_level: 'may',
      ...main,
    },
  })
}

test('our mail passes SPF, DKIM and DMARC there by their own verdict, attachment and subject are whole', async () => {
  const picture = randomBytes(300_000)
  await town.submit({
    to: 'ayesha@postfix.example',
    subject: 'চালান নং ১২',
    text: 'দেখুন।\n.\n..\n',
    attachments: [{ filename: 'চালান.png', content: picture }],
  })
  const source = await letterIn(maildir('ayesha'), /চালান|=\?utf-8\?/i)
  assert.deepEqual(verdictsIn(source), ['dkim=pass', 'dkim=pass', 'dmarc=pass', 'spf=pass'])
  assert.deepEqual(await runDkimpy('verify', unstamped(source), town.office.names.zone), [true, true])
  assert.ok(source.replaceAll('\r\n', '').includes(picture.toString('base64').slice(0, 5000)))
  await eventually(async () => (await deliveryOf(town.rahim, 'চালান নং ১২'))[0]!.state === 'relayed')
  const [trace] = await deliveryOf(town.rahim, 'চালান নং ১২')
  assert.equal(trace!.server, 'mx.postfix.example')
  assert.match(trace!.answer ?? '', /^250 2\.0\.0 Ok: queued as /)
  assert.match(trace!.tls ?? '', /^TLSv1\.3/)
})

test('an address in Bengali is written to as it is', async () => {
  await town.rahim.mail.sendMail({
    to: [{ name: 'আয়েশা', address: 'আয়েশা@postfix.example' }],
    subject: 'To the end of the world',
    text: 'শুভ সকাল',
  })
  const source = await letterIn(maildir('utf8'), /To the end of the world/)
  assert.deepEqual(verdictsIn(source), ['dkim=pass', 'dkim=pass', 'dmarc=pass', 'spf=pass'])
  assert.match(Buffer.from(source, 'latin1').toString(), /^To: .*<আয়েশা@postfix\.example>/m)
  assert.deepEqual(await runDkimpy('verify', unstamped(source), town.office.names.zone), [true, true])
})

test('their mail passes here, from an address in Bengali too, and what is attached is whole', async () => {
  const file = randomBytes(50_000)
  const content = [
    'From: "আয়েশা" <আয়েশা@postfix.example>',
    'To: rahim@ours.example',
    'Subject: উত্তর',
    'Date: Sat, 21 Nov 2026 10:00:00 +0600',
    'Message-ID: <answer@postfix.example>',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'ধন্যবাদ',
    '--x',
    "Content-Type: application/pdf; name*=utf-8''%E0%A6%AC.pdf",
    'Content-Transfer-Encoding: base64',
    '',
    file.toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
    '--x--',
    '',
  ].join('\r\n')
  await handIn('আয়েশা@postfix.example', 'rahim@ours.example', content)
  const message = await arrivedWith(town.rahim, 'উত্তর')
  const { spf, dkim, dmarc, client } = message.authentication!
  assert.deepEqual([spf.result, dkim[0]?.result, dmarc.result], ['pass', 'pass', 'pass'])
  assert.deepEqual([client.address, client.name, client.isEncrypted], [host, 'mx.postfix.example', true])
  assert.deepEqual(message.from, [{ name: 'আয়েশা', address: 'আয়েশা@postfix.example' }])
  assert.deepEqual(
    message.attachments.map(({ fileName, sizeBytes }) => [fileName, sizeBytes]),
    [['ব.pdf', file.length]],
  )
})

test('their report of what could not be delivered changes our trace', async () => {
  await town.rahim.mail.sendMail({ to: 'moved@postfix.example', subject: 'Have you moved?', text: 'Hello?' })
  await eventually(
    async () => (await deliveryOf(town.rahim, 'Have you moved?'))[0]!.state === 'failed',
    20_000,
  )
  const [trace] = await deliveryOf(town.rahim, 'Have you moved?')
  assert.match(trace!.answer ?? '', /550 5\.7\.1 We do not take mail for this domain/)
})

test('our report of what could not be delivered has no sender, and is one that programs can read', async () => {
  await saveGroup('friends@ours.example', ['nobody@postfix.example'])
  await handIn(
    'ayesha@postfix.example',
    'friends@ours.example',
    plain('ayesha@postfix.example', 'To all friends'),
  )
  const report = await letterIn(maildir('ayesha'), /multipart\/report/)
  assert.match(report, /^Return-Path: <>\r$/m)
  assert.match(
    report,
    /Final-Recipient: rfc822; nobody@postfix\.example\r\nAction: failed\r\nStatus: 5\.1\.1\r\n/,
  )
  assert.ok(verdictsIn(report).includes('dmarc=pass'))
})

test('an outage of theirs costs nothing and doubles nothing', async () => {
  await town.rahim.mail.sendMail({ to: 'ayesha@postfix.example', subject: 'Outage 0', text: 'before' })
  await letterIn(maildir('ayesha'), /^Subject: Outage 0\r$/m)
  await postfix.kill()
  const subjects = Array.from({ length: 20 }, (_, index) => `Outage ${index + 1}`)
  for (const subject of subjects)
    await town.rahim.mail.sendMail({ to: 'ayesha@postfix.example', subject, text: 'during' })
  const until = Date.now() + Number(process.env.MAIL_OUTAGE_SECONDS ?? 2) * 1000
  await eventually(async () => (await deliveryOf(town.rahim, 'Outage 1'))[0]!.state === 'delayed')
  while (Date.now() < until) {
    await retryAll()
    await sleep(200)
  }
  await postfix.start()
  await eventually(async () => {
    await retryAll()
    return (
      (await lettersIn(maildir('ayesha'))).filter((source) => /^Subject: Outage /m.test(source)).length > 20
    )
  }, 20_000)
  const came = (await lettersIn(maildir('ayesha'))).flatMap(
    (source) => /^Subject: (Outage \d+)\r$/m.exec(source)?.[1] ?? [],
  )
  assert.deepEqual(came.toSorted(), ['Outage 0', ...subjects].toSorted())
})

test('after ten minutes of outage, by the clock of the queue, all has come, once', async () => {
  await using scene = await deliveryScene()
  scene.names.zone = zone
  await using _ = scene.start()
  const source = (index: number) => letter(`Number ${index}`).replace('A letter', `Waited ${index}`)
  const ids: string[] = []
  for (let index = 0; index < 20; index++)
    ids.push(await scene.send(['ayesha@postfix.example'], { source: source(index) }))
  await scene.become(ids[0]!, { 'ayesha@postfix.example': 'delayed' })
  for (let minutes = 0; minutes < 10; minutes += 2) scene.pass(120_000)
  await using theirs = await startTheirs(scene.port, {})
  await eventually(async () => {
    scene.pass(60_000)
    return (await scene.states(ids.at(-1)!))['ayesha@postfix.example'] === 'relayed'
  }, 20_000)
  for (const id of ids) await scene.become(id, { 'ayesha@postfix.example': 'relayed' })
  const letters = () => lettersIn(join(theirs.folder, 'vmail/postfix.example/ayesha'))
  await eventually(async () => (await theirs.queue()).length === 0 && (await letters()).length >= 20, 15_000)
  const came = (await letters()).map((each) => /^Subject: (Waited \d+)\r$/m.exec(each)?.[1])
  assert.deepEqual(came.toSorted(), ids.map((_id, index) => `Waited ${index}`).toSorted())
})

/** As one of their own people, signed by dkimpy. */
async function handIn(sender: string, recipient: string, content: string): Promise<void> {
  const octets = Buffer.from(content).toString('latin1')
  const signature = await runDkimpy('sign', octets, {}, signing)
  await postfix.sendmail(sender, recipient, Buffer.from(`${signature}${octets}`, 'latin1'))
}

/** What rspamd wrote. */
function verdictsIn(source: string): string[] {
  const field =
    /^Authentication-Results: mx\.postfix\.example;(?:.*\r\n(?=[ \t]))*.*/m.exec(source)?.[0] ?? ''
  return (field.match(/\b(?:spf|dkim|dmarc)=\w+/g) ?? []).toSorted()
}

function plain(from: string, subject: string): string {
  return `From: <${from}>\r\nTo: friends@ours.example\r\nSubject: ${subject}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0600\r\nMessage-ID: <${randomBytes(8).toString('hex')}@postfix.example>\r\n\r\nHello.\r\n`
}

/** Without what was put before it on its way. */
function unstamped(source: string): string {
  return source.slice(source.indexOf('DKIM-Signature:'))
}

async function saveGroup(address: string, forwardTo: string[]): Promise<void> {
  await adminOf(town).saveAddress({ address, kind: 'group', accountIds: [], forwardTo })
}

async function retryAll(): Promise<void> {
  await adminOf(town).changeQueue({ action: 'retry' })
}
