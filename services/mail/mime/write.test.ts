import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPart } from './decode.ts'
import type { Part } from './message.ts'
import { parseMessage } from './parse.ts'
import { eachPart, findPart } from './structure.ts'
import { buildMessage, needsUtf8, type OutgoingMessage } from './write.ts'

const simple: OutgoingMessage = {
  from: { name: 'Rahima Khatun', address: 'rahima@example.org' },
  to: [{ name: '', address: 'karim@example.com' }],
  cc: [],
  subject: 'Tea',
  date: new Date('2024-01-31T04:11:12Z'),
  messageId: 'one@example.org',
  text: 'Hello\n',
  attachments: [],
}

async function build(message: OutgoingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(buildMessage(message)))
}

async function decoded(bytes: Buffer, number: string): Promise<Buffer> {
  const part = findPart(parseMessage(bytes).structure, number) as Part
  const source = async function* () {
    yield bytes
  }
  return Buffer.concat(await Array.fromAsync(openPart(source(), part)))
}

test('a plain message is plain', async () => {
  assert.equal(
    (await build(simple)).toString(),
    [
      'Date: Wed, 31 Jan 2024 04:11:12 +0000',
      'From: Rahima Khatun <rahima@example.org>',
      'To: karim@example.com',
      'Message-ID: <one@example.org>',
      'Subject: Tea',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 7bit',
      '',
      'Hello',
      '',
    ].join('\r\n'),
  )
})

const rich: OutgoingMessage = {
  ...simple,
  sender: { name: '', address: 'office@example.org' },
  to: Array.from({ length: 30 }, (_, index) => ({
    name: `রহিমা, ${index}`,
    address: `person${index}@example.com`,
  })),
  cc: [{ name: 'A "B" C', address: 'c@bücher.example' }],
  replyTo: [{ name: '', address: 'answers@example.org' }],
  subject: `আমার সোনার বাংলা, ${'আমি তোমায় ভালোবাসি '.repeat(10)}`.trim(),
  inReplyTo: ['zero@example.org'],
  references: Array.from({ length: 40 }, (_, index) => `${index}.reference@example.org`),
  headers: [{ name: 'List-Unsubscribe', value: '<https://example.org/leave>' }],
  text: `From here:\n.\nআমি ${'x'.repeat(2_000)} \nend`,
  html: '<p>Café <img src="cid:map@example.org"></p>',
  attachments: [
    {
      fileName: 'map.png',
      mediaType: 'image/png',
      contentId: 'map@example.org',
      isInline: true,
      content: Buffer.alloc(1_000, 7),
    },
    {
      fileName: `হিসাব ${'দীর্ঘ '.repeat(10)}২০২৪.pdf`,
      mediaType: 'application/pdf',
      async *content() {
        for (let index = 0; index < 100; index += 1) yield Buffer.alloc(333, index)
      },
    },
    {
      fileName: 'enclosed.eml',
      mediaType: 'message/rfc822',
      content: Buffer.from('From: a@b.cd\r\nSubject: in\r\n\r\ntext\r\n'),
    },
  ],
}

test('all that a message says comes back', async () => {
  const bytes = await build(rich)
  const parsed = parseMessage(bytes)
  assert.deepEqual(parsed.oddities, [])
  assert.equal(parsed.envelope.subject, rich.subject)
  assert.deepEqual(parsed.envelope.to, rich.to)
  assert.deepEqual(parsed.envelope.cc, [{ name: 'A "B" C', address: 'c@xn--bcher-kva.example' }])
  assert.deepEqual(parsed.envelope.sender, [{ name: '', address: 'office@example.org' }])
  assert.deepEqual(parsed.envelope.replyTo, rich.replyTo)
  assert.deepEqual(parsed.references, rich.references)
  assert.deepEqual(parsed.inReplyTo, rich.inReplyTo)
  assert.equal(parsed.sentAt?.getTime(), rich.date.getTime())
  assert.equal(parsed.text, rich.text)
  assert.equal(parsed.html.trim(), rich.html)
  assert.deepEqual(
    parsed.attachments.map(({ fileName, mediaType, sizeBytes, isInline }) => [
      fileName,
      mediaType,
      sizeBytes,
      isInline,
    ]),
    [
      ['map.png', 'image/png', 1_000, true],
      [rich.attachments[1]?.fileName, 'application/pdf', 33_300, false],
      ['enclosed.eml', 'message/rfc822', 35, false],
    ],
  )
  assert.deepEqual(
    [...eachPart(parsed.structure)].map(({ number, mediaType }) => `${number} ${mediaType}`),
    [
      ' multipart/mixed',
      '1 multipart/alternative',
      '1.1 text/plain',
      '1.2 multipart/related',
      '1.2.1 text/html',
      '1.2.2 image/png',
      '2 application/pdf',
      '3 message/rfc822',
      '3.1 text/plain',
    ],
  )
  assert.deepEqual((await decoded(bytes, '2')).subarray(-333), Buffer.alloc(333, 99))
  assert.deepEqual(await decoded(bytes, '1.2.2'), Buffer.alloc(1_000, 7))
})

test('every byte is ASCII, every line short and ended by CRLF', async () => {
  const text = (await build(rich)).toString('latin1')
  assert.match(text, /^[\t\r\n -~]*$/)
  assert.equal(text.replaceAll('\r\n', '').search(/[\r\n]/), -1)
  const long = text.split('\r\n').filter((line) => line.length > 78)
  assert.deepEqual(long, [])
})

test('UTF-8 headers are written where the transport allows it', async () => {
  const message: OutgoingMessage = {
    ...simple,
    to: [{ name: 'রহিমা', address: 'রহিমা@ডাকঘর.বাংলা' }],
    subject: 'চা',
  }
  assert.ok(needsUtf8(message))
  assert.ok(!needsUtf8(rich))
  await assert.rejects(build(message), TypeError)
  const bytes = await build({ ...message, utf8: true })
  assert.ok(bytes.includes('Subject: চা\r\n'))
  assert.ok(bytes.includes('To: রহিমা <রহিমা@ডাকঘর.বাংলা>\r\n'))
  assert.deepEqual(parseMessage(bytes).envelope.to, message.to)
})

test('nothing that a person writes begins a header line', async () => {
  const broken = 'x\r\nBcc: hidden@example.org\r\n\r\nbody'
  const bytes = await build({
    ...simple,
    from: { name: broken, address: `${broken}@example.org` },
    subject: broken,
    messageId: broken,
    references: [broken],
    headers: [{ name: 'X-Note', value: broken }],
    attachments: [{ fileName: broken, mediaType: broken, contentId: broken, content: Buffer.from('x') }],
  })
  const parsed = parseMessage(bytes)
  assert.ok(!parsed.headers.some(({ name }) => name === 'bcc'))
  assert.equal(parsed.structure.parts?.length, 2)
  await assert.rejects(build({ ...simple, headers: [{ name: 'X: y\r\nBcc', value: 'z' }] }), TypeError)
})

test('an enclosed message that is not 7-bit goes as a file', async () => {
  const content = Buffer.from('From: a@b.cd\r\n\r\nচা\r\n')
  const bytes = await build({
    ...simple,
    attachments: [{ fileName: 'a.eml', mediaType: 'message/rfc822', content }],
  })
  const [attachment] = parseMessage(bytes).attachments
  assert.equal(attachment?.mediaType, 'application/octet-stream')
  assert.deepEqual(await decoded(bytes, '2'), content)
})

test('an attachment that fails to be read fails the message', async () => {
  const content = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.from('x')
    throw new Error('gone')
  }
  await assert.rejects(
    build({ ...simple, attachments: [{ fileName: 'a', mediaType: 'a/b', content }] }),
    /gone/,
  )
})
