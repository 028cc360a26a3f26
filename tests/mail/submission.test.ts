/** Mail programs sign in and hand in mail, over real sockets. */
import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { createTransport } from 'nodemailer'
import { identity } from '#contracts/identity.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { databaseOf } from '#services/identity/testing.ts'
import { dial, type TestClient } from '#services/mail/smtp/testing.ts'
import { sql } from 'kysely'
import { openPostOffice, type Person, type PostOffice } from './post-office.ts'

let office: PostOffice
let rahim: Person
let karim: Person
let password: string
before(async () => {
  office = await openPostOffice()
  rahim = await office.person('rahim@ours.example')
  karim = await office.person('karim@ours.example')
  password = (await passwordFor(rahim, 'Laptop')).password
})
after(() => office[Symbol.asyncDispose]())

const passwordFor = ({ identity: as }: Person, name: string) =>
  office.host.client(identity, as).createAppPassword({ name })

const base64 = (text: string) => Buffer.from(text).toString('base64')
const plain = (user: string, secret: string) => `AUTH PLAIN ${base64(`\0${user}\0${secret}`)}`

async function connected(door: Door): Promise<TestClient> {
  const client = await dial(office.ports[door], { tls: door === 'submissions' })
  await client.command('EHLO laptop.example', 250)
  if (door === 'submission') {
    await client.startTls()
    await client.command('EHLO laptop.example', 250)
  }
  return client
}
const doors = ['submission', 'submissions'] as const
type Door = (typeof doors)[number]

async function signedIn(person: Person = rahim, secret = password): Promise<TestClient> {
  const client = await connected('submissions')
  await client.command(plain(person.address, secret), 235)
  return client
}

const letter = (subject: string, fields: Record<string, string> = {}) =>
  Object.entries({ From: `Rahim <${rahim.address}>`, To: karim.address, Subject: subject, ...fields })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('') + '\r\nGood morning.'

async function arrived(person: Person, subject: string) {
  const find = async () => (await person.threads('inbox')).find((thread) => thread.subject === subject)
  await eventually(async () => (await find()) !== undefined)
  const { messages } = await person.mail.showThread({ threadId: (await find())!.id })
  const { source } = await person.mail.showOriginal({ messageId: messages[0]!.id })
  return { message: messages[0]!, source }
}

async function inSent(person: Person, subject: string) {
  const thread = (await person.threads('sent')).find((each) => each.subject === subject)
  return thread && (await person.mail.showThread({ threadId: thread.id })).messages[0]
}

/** RFC 5802 §3, and the server's proof looked at. */
async function scram(client: TestClient, user: string, secret: string, code: number): Promise<string> {
  const bare = `n=${user},r=${randomBytes(12).toString('hex')}`
  const answer = await client.command(`AUTH SCRAM-SHA-256 ${base64(`n,,${bare}`)}`, 334)
  const challenge = Buffer.from(answer.slice(4), 'base64').toString()
  const [, nonce = '', salt = '', rounds] = /^(r=[^,]+),s=([^,]+),i=(\d+)$/.exec(challenge)!
  const salted = pbkdf2Sync(secret, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256')
  const mac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const clientKey = mac(salted, 'Client Key')
  const signed = `${bare},${challenge},c=biws,${nonce}`
  const signature = mac(createHash('sha256').update(clientKey).digest(), signed)
  const proof = Buffer.from(clientKey.map((octet, index) => octet ^ signature[index]!)).toString('base64')
  const final = base64(`c=biws,${nonce},p=${proof}`)
  if (code !== 235) return client.command(final, code)
  const proved = await client.command(final, 334)
  assert.equal(proved, `334 ${base64(`v=${mac(mac(salted, 'Server Key'), signed).toString('base64')}`)}`)
  return client.command('', code)
}

/** The answers to PLAIN, LOGIN and SCRAM, at the same time: each takes a second. */
function refusals(user: string, secret: string): Promise<string>[] {
  const ways = [
    (client: TestClient) => client.command(plain(user, secret), 535),
    async (client: TestClient) => {
      await client.command(`AUTH LOGIN ${base64(user)}`, 334)
      return client.command(base64(secret), 535)
    },
    (client: TestClient) => scram(client, user, secret, 535),
  ]
  return ways.map(async (refused) => {
    using client = await connected('submissions')
    return await refused(client)
  })
}

describe('signing in', () => {
  for (const door of doors)
    test(`goes by PLAIN, LOGIN and SCRAM-SHA-256 on ${door}`, async () => {
      using one = await connected(door)
      await one.command(plain(rahim.address, password), 235)
      using other = await connected(door)
      await other.command('AUTH LOGIN', 334)
      await other.command(base64(rahim.address), 334)
      await other.command(base64(password), 235)
      using third = await connected(door)
      await scram(third, rahim.address, password, 235)
      for (const client of [one, other, third]) {
        await client.command(`MAIL FROM:<${rahim.address}>`, 250)
        await client.command('QUIT', 221)
      }
    })

  test('needs TLS', async () => {
    using client = await dial(office.ports.submission)
    assert.doesNotMatch(await client.command('EHLO laptop.example', 250), /AUTH/)
    await client.command(plain(rahim.address, password), 538)
    await client.command(`MAIL FROM:<${rahim.address}>`, 530)
  })

  test('takes a password as people type it', async () => {
    using client = await connected('submissions')
    const typed = password.replaceAll(/(.{4})(?=.)/g, '$1 ')
    await client.command(plain(rahim.address.toUpperCase(), typed), 235)
  })

  test('answers the same to a wrong password, an unknown user and nonsense, by every mechanism', async () => {
    const answers = new Set<string>()
    const attempts = [
      [rahim.address, 'aaaabbbbccccdddd'],
      ['nobody@ours.example', password],
      [karim.address, password],
      // What opens the web app opens no mail door.
      [rahim.address, 'a tall green postbox'],
      ['x'.repeat(4_000), 'y'.repeat(4_000)],
    ] as const
    await Promise.all(
      attempts.flatMap(([user, secret]) =>
        refusals(user, secret).map(async (answer) => answers.add(await answer)),
      ),
    )
    assert.equal(answers.size, 1, [...answers].join())
  })

  test('ends with the password, and with the account', async () => {
    const sharif = await office.person('sharif@ours.example')
    const [phone, tablet] = [await passwordFor(sharif, 'Phone'), await passwordFor(sharif, 'Tablet')]
    using before = await signedIn(sharif, phone.password)
    await before.command('QUIT', 221)
    await office.host.client(identity, sharif.identity).removeAppPassword({ id: phone.id })
    await Promise.all(refusals(sharif.address, phone.password))
    using other = await signedIn(sharif, tablet.password)
    await other.command('QUIT', 221)

    await using database = databaseOf(office.host)
    await sql`update accounts set disabled_at = now() where id = ${sharif.accountId}`.execute(database.db)
    await Promise.all(refusals(sharif.address, tablet.password))
  })
})

describe('handing in', () => {
  for (const door of doors)
    test(`a message of nodemailer is in Sent and arrives at a colleague, through ${door}`, async () => {
      const subject = `বিল, through ${door}`
      const transport = createTransport({
        host: '127.0.0.1',
        port: office.ports[door],
        secure: door === 'submissions',
        requireTLS: true,
        auth: { user: rahim.address, pass: password },
        tls: { rejectUnauthorized: false },
      })
      const { response } = await transport.sendMail({
        from: { name: 'রহিম', address: rahim.address },
        to: karim.address,
        subject,
        text: 'The bill.',
        attachments: [{ filename: 'bill.txt', content: '500' }],
      })
      transport.close()
      assert.match(response, /^250 2\.0\.0 queued/)
      const sent = await inSent(rahim, subject)
      assert.ok(sent?.isOwn && sent.isSeen)
      const { message, source } = await arrived(karim, subject)
      assert.deepEqual(message.from, [{ name: 'রহিম', address: rahim.address }])
      assert.deepEqual(
        message.attachments.map(({ fileName }) => fileName),
        ['bill.txt'],
      )
      assert.match(source, /^\tby mail\.ours\.example \(Dakghar\) with ESMTPSA id /m)
      await eventually(async () => (await inSent(rahim, subject))?.delivery === 'delivered')
    })

  test('Date and Message-ID are added where the program left them out, the same for both sides', async () => {
    using client = await signedIn()
    await client.mail(rahim.address, [karim.address], letter('Bare'))
    const { message, source } = await arrived(karim, 'Bare')
    const [, date = '', id = ''] =
      /^Date: (.+)\r\nMessage-ID: (<[^>\s]+@ours\.example>)\r\n/m.exec(source) ?? []
    assert.ok(Math.abs(Date.parse(date) - Date.now()) < 60_000, date)
    const own = await inSent(rahim, 'Bare')
    const { source: kept } = await rahim.mail.showOriginal({ messageId: own!.id })
    assert.ok(kept.includes(`Message-ID: ${id}\r\n`))
    assert.equal(Date.parse(date), Math.floor(Date.parse(message.sentAt!) / 1000) * 1000)
    assert.equal(Date.parse(date), Math.floor(Date.parse(own!.sentAt!) / 1000) * 1000)
    assert.equal(source.match(/^(?:Date|Message-ID):/gm)?.length, 2)
  })

  test('an answer to a message without a Message-ID of its own stands in its conversation', async () => {
    using client = await signedIn()
    await client.mail(rahim.address, [karim.address], letter('Question'))
    const { message } = await arrived(karim, 'Question')
    const content = { to: [{ address: rahim.address }], subject: 'Re: Question', answers: message.id }
    const draftId = crypto.randomUUID()
    const { version } = await karim.mail.saveDraft({ draftId, version: 0, content })
    await karim.mail.changeMailPreferences({ undoSeconds: 0 })
    await karim.mail.sendDraft({ draftId, version })
    const asked = async () => (await rahim.threads('sent')).find(({ subject }) => subject === 'Question')
    await eventually(async () => (await asked())?.messages === 2)
  })

  test('Date and Message-ID of the program stay as they are', async () => {
    using client = await signedIn()
    const fields = { Date: 'Sat, 21 Nov 2026 10:00:00 +0600', 'Message-ID': '<mine@laptop.example>' }
    await client.mail(rahim.address, [karim.address], letter('Complete', fields))
    const { message, source } = await arrived(karim, 'Complete')
    assert.equal(message.sentAt, '2026-11-21T04:00:00.000Z')
    assert.deepEqual(source.match(/^(?:Date|Message-ID):.*$/gm), [
      `Date: ${fields.Date}`,
      `Message-ID: ${fields['Message-ID']}`,
    ])
  })

  test('nobody writes in the name of somebody else', async () => {
    using client = await signedIn()
    await client.command(`MAIL FROM:<${karim.address}>`, 553)
    await client.command('MAIL FROM:<rahim@elsewhere.example>', 553)
    for (const From of [
      karim.address,
      `"${rahim.address}" <boss@bank.example>`,
      'rahim@elsewhere.example',
      '',
    ])
      await client.mail(rahim.address, [karim.address], letter('Forged', { From }), 553)
    assert.equal(await inSent(rahim, 'Forged'), undefined)
    await client.mail(rahim.address, [karim.address], letter('Own', { From: 'RAHIM+bills@Ours.Example' }))
    await arrived(karim, 'Own')
    assert.ok(!(await karim.threads('inbox')).some(({ subject }) => subject === 'Forged'))
  })

  test('who wrote is not hidden behind a second From, nor behind a second author', async () => {
    using client = await signedIn()
    const both = `${rahim.address}, ${karim.address}`
    await client.mail(rahim.address, [karim.address], letter('Two authors', { From: both }), 553)
    const twice = `From: ${karim.address}\r\n${letter('Two fields')}`
    await client.mail(rahim.address, [karim.address], twice, 550)
  })
})

test('what a program is told to use is what the doors answer to', async () => {
  const setup = await rahim.mail.showMailSetup({})
  assert.deepEqual(setup, {
    address: rahim.address,
    submission: { host: 'mail.ours.example', port: 0, security: 'starttls' },
    submissions: { host: 'mail.ours.example', port: 0, security: 'tls' },
  })
  using client = await dial(office.ports.submission, { greeting: undefined })
  assert.match(await client.expect(220), /^220 mail\.ours\.example /)
})
