/** Mail comes in over real sockets, is read, answered, moved and taken back. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { mail } from '#contracts/mail.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { dial } from '#services/mail/smtp/testing.ts'
import { openPostOffice, type Person, type PostOffice } from './post-office.ts'

let office: PostOffice
let rahim: Person
let karim: Person
before(async () => {
  office = await openPostOffice({
    zone: {
      'sender.example': { TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
      '_dmarc.sender.example': { TXT: ['v=DMARC1; p=reject'] },
      '_dmarc.strict.example': { TXT: ['v=DMARC1; p=reject'] },
    },
  })
  rahim = await office.person('rahim@ours.example')
  karim = await office.person('karim@ours.example')
})
after(() => office[Symbol.asyncDispose]())

async function bring(from: string, to: string[], content: string, code = 250): Promise<string> {
  using client = await dial(office.ports.receive)
  await client.command('EHLO mail.sender.example', 250)
  const answer = await client.mail(from, to, content, code)
  await client.command('QUIT', 221)
  return answer
}

let counter = 0
const letter = (subject: string, fields: Record<string, string> = {}, body = 'Good morning.') =>
  Object.entries({
    From: 'Ayesha <ayesha@sender.example>',
    To: 'rahim@ours.example',
    Subject: subject,
    Date: 'Sat, 21 Nov 2026 10:00:00 +0600',
    'Message-ID': `<${++counter}@sender.example>`,
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('') + `\r\n${body}`

test('a message that another server brings is in the inbox, as it came', async () => {
  const content = letter('Prices', {}, 'The price is 500.\r\n..leading dot')
  await bring('ayesha@sender.example', ['rahim@ours.example'], content)
  const [thread] = await rahim.threads('inbox')
  assert.equal(thread!.subject, 'Prices')
  assert.deepEqual(thread!.senders, [
    { name: 'Ayesha', address: 'ayesha@sender.example', isUnread: true, isOwn: false },
  ])
  const { messages } = await rahim.mail.showThread({ threadId: thread!.id })
  const [message] = messages
  assert.equal(message!.authentication?.spf.result, 'pass')
  assert.equal(message!.authentication?.dmarc.result, 'pass')
  const { source } = await rahim.mail.showOriginal({ messageId: message!.id })
  assert.match(
    source,
    /^Return-Path: <ayesha@sender\.example>\r\nDelivered-To: rahim@ours\.example\r\nReceived: from mail\.sender\.example/,
  )
  assert.match(source, /\r\nAuthentication-Results: [^]*dmarc=pass/)
  assert.equal(
    source.slice(source.indexOf('From: Ayesha')),
    `${content.replace('..leading', '.leading')}\r\n`,
  )
  const body = await rahim.mail.showMessageBody({ messageId: message!.id })
  assert.equal(body.text, 'The price is 500.\r\n.leading dot\r\n')
})

test('a domain that asks for it has its name protected', async () => {
  const forged = letter('I am your bank', { From: 'bank@strict.example' })
  const answer = await bring('thief@sender.example', ['rahim@ours.example'], forged, 550)
  assert.match(answer, /5\.7\.1 .*DMARC/)
})

test('nobody relays through us, and unknown addresses are told so', async () => {
  using client = await dial(office.ports.receive)
  await client.command('EHLO x.example', 250)
  await client.command('MAIL FROM:<a@sender.example>', 250)
  for (const [recipient, code] of [
    ['victim@elsewhere.example', 550],
    ['victim%elsewhere.example@ours.example', 550],
    ['"victim@elsewhere.example"@ours.example', 550],
    ['elsewhere.example!victim@ours.example', 550],
    ['nobody@ours.example', 550],
    ['RAHIM+shop@OURS.example', 250],
  ] as const)
    await client.command(`RCPT TO:<${recipient}>`, code)
})

test('an answer stands in the same conversation, on both sides', async () => {
  await rahim.mail.sendMail({
    to: [{ name: 'Karim', address: karim.address }],
    subject: 'মিটিং',
    text: 'Tomorrow?',
  })
  await eventually(async () => (await karim.threads('inbox')).length === 1)
  const [theirs] = await karim.threads('inbox')
  const { messages } = await karim.mail.showThread({ threadId: theirs!.id })
  const draftId = crypto.randomUUID()
  const content = {
    to: [{ address: rahim.address }],
    subject: 'Re: মিটিং',
    text: 'Yes.',
    answers: messages[0]!.id,
  }
  const draft = await karim.mail.saveDraft({ draftId, version: 0, content })
  await karim.mail.changeMailPreferences({ undoSeconds: 0 })
  const sent = await karim.mail.sendDraft({ draftId, version: draft.version })
  assert.equal(sent.threadId, theirs!.id)
  await eventually(async () => (await rahim.threads('inbox')).some(({ subject }) => subject === 'মিটিং'))
  const mine = (await rahim.threads('inbox')).find(({ subject }) => subject === 'মিটিং')!
  assert.equal(mine.messages, 2)
  await eventually(async () => {
    const { messages: now } = await karim.mail.showThread({ threadId: theirs!.id })
    return now[0]!.isAnswered && now[1]!.delivery === 'delivered'
  })
})

test('what is sent can be taken back in time, and is a draft again', async () => {
  await rahim.mail.changeMailPreferences({ undoSeconds: 60 })
  const draftId = crypto.randomUUID()
  const draft = await rahim.mail.saveDraft({
    draftId,
    version: 0,
    content: { to: [{ address: karim.address }], subject: 'Oops' },
  })
  const { messageId } = await rahim.mail.sendDraft({ draftId, version: draft.version })
  await assert.rejects(rahim.mail.sendDraft({ draftId, version: draft.version }), { code: 'notFound' })
  const again = await rahim.mail.cancelSending({ messageId })
  assert.equal(again.content.subject, 'Oops')
  assert.deepEqual(
    (await rahim.mail.listDrafts({})).items.map(({ id }) => id),
    [draftId],
  )
  assert.ok(!(await rahim.threads('sent')).some(({ subject }) => subject === 'Oops'))
  await assert.rejects(rahim.mail.saveDraft({ draftId, version: 7, content: {} }), { code: 'draftChanged' })
})

test('mail goes where it is moved, counts follow, and undo takes it back', async () => {
  await bring('ayesha@sender.example', [karim.address], letter('Move me'))
  const [thread] = (await karim.threads('inbox')).filter(({ subject }) => subject === 'Move me')
  const counts = async () => {
    const { items } = await karim.mail.listMailboxes({})
    return Object.fromEntries(
      items.map(({ role, name, messages, unread, threads }) => [role ?? name, { messages, unread, threads }]),
    )
  }
  const before = await counts()
  const label = await karim.mail.createLabel({ name: 'Suppliers' })
  await karim.mail.changeMail({ threadIds: [thread!.id], addLabels: [label.id], isSeen: true })
  const { undoId } = await karim.mail.changeMail({ threadIds: [thread!.id], moveTo: 'junk' })
  const inJunk = await counts()
  assert.equal(inJunk.junk!.messages, before.junk!.messages + 1)
  assert.equal(inJunk.all!.messages, before.all!.messages - 1)
  assert.equal(inJunk.Suppliers!.messages, 0)
  await karim.mail.undoChange({ undoId: undoId! })
  const back = await counts()
  assert.deepEqual(back.inbox, { ...before.inbox!, unread: before.inbox!.unread - 1 })
  assert.equal(back.Suppliers!.messages, 1)
  await assert.rejects(karim.mail.undoChange({ undoId: undoId! }), { code: 'notFound' })
  await karim.mail.changeMail({ threadIds: [thread!.id], moveTo: 'trash' })
  assert.equal((await karim.mail.deleteMail({ all: 'trash' })).messages, 1)
  assert.deepEqual((await counts()).trash, { messages: 0, unread: 0, threads: 0 })
})

test('one person sees nothing of another', async () => {
  const [thread] = await rahim.threads('inbox')
  const { messages } = await rahim.mail.showThread({ threadId: thread!.id })
  const messageId = messages[0]!.id
  await assert.rejects(karim.mail.showThread({ threadId: thread!.id }), { code: 'notFound' })
  await assert.rejects(karim.mail.showMessageBody({ messageId }), { code: 'notFound' })
  await assert.rejects(karim.mail.showOriginal({ messageId }), { code: 'notFound' })
  assert.equal((await karim.mail.changeMail({ threadIds: [thread!.id], moveTo: 'trash' })).messages, 0)
  await assert.rejects(karim.mail.sendMail({ from: rahim.address, to: karim.address, message: 'x' }), {
    code: 'notYourAddress',
  })
})

test('the stream tells of what arrives and changes', async () => {
  const stop = new AbortController()
  const changes = office.host.client(mail, rahim.identity).changes({}, { signal: stop.signal })
  const stream = changes[Symbol.asyncIterator]()
  const first = (await stream.next()).value!
  await bring('ayesha@sender.example', [rahim.address], letter('Live!'))
  const second = (await stream.next()).value!
  assert.ok(second.modseq > first.modseq)
  assert.equal(second.threadIds.length, 1)
  assert.equal(second.arrived[0]?.subject, 'Live!')
  assert.ok(second.mailboxes.length > 0)
  stop.abort()
})
