import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openPart } from './decode.ts'
import type { Part } from './message.ts'
import { parseMessage, readMessage } from './parse.ts'
import { eachPart, findPart } from './structure.ts'
import { checkOffsets, chunks, message, nested, slice } from './testing.ts'

test('reads the structure, numbers and offsets of a message', () => {
  const { structure } = parseMessage(nested)
  checkOffsets(nested, structure)
  assert.deepEqual(
    [...eachPart(structure)].map(({ number, mediaType }) => `${number} ${mediaType}`),
    [
      ' multipart/mixed',
      '1 multipart/alternative',
      '1.1 text/plain',
      '1.2 text/html',
      '2 image/png',
      '3 message/rfc822',
      '3.TEXT multipart/mixed',
      '3.1 text/plain',
    ],
  )
  assert.equal(slice(nested, findPart(structure, '3.1') as Part), 'within')
  assert.equal(slice(nested, findPart(structure, '2') as Part), 'AAAA\r\nAAA=')
  assert.equal(findPart(structure, '1.1')?.lines, 7)
  assert.equal(findPart(structure, '3')?.message?.envelope.subject, 'Enclosed')
  for (const number of ['4', '1.3', '2.1', 'x', '1.TEXT', '0', '3.2', '-1']) {
    assert.equal(findPart(structure, number), undefined, number)
  }
})

test('reads what a person reads', () => {
  const parsed = parseMessage(nested)
  assert.equal(parsed.envelope.subject, 'Café')
  assert.deepEqual(parsed.envelope.from, [{ name: 'Rahima Khatun', address: 'rahima@example.org' }])
  assert.equal(parsed.messageId, 'one@example.org')
  assert.deepEqual(parsed.inReplyTo, ['zero@example.org'])
  assert.deepEqual(parsed.references, ['minus@example.org', 'zero@example.org'])
  assert.equal(parsed.sentAt?.toISOString(), '2024-01-31T04:11:12.000Z')
  assert.match(parsed.text, /^Tea at the café tomorrow\?\n\nOn Tue/)
  assert.match(parsed.html, /<b>café<\/b>/)
  assert.equal(parsed.snippet, 'Tea at the café tomorrow?')
  assert.deepEqual(parsed.attachments, [
    {
      part: '2',
      fileName: 'map.png',
      mediaType: 'image/png',
      sizeBytes: 5,
      isInline: true,
      contentId: 'map@example.org',
    },
    {
      part: '3',
      fileName: 'Enclosed.eml',
      mediaType: 'message/rfc822',
      sizeBytes: slice(nested, findPart(parsed.structure, '3') as Part).length,
      isInline: false,
    },
  ])
  assert.deepEqual(parsed.oddities, [])
})

test('reads the same from a stream, however it is cut', async () => {
  const whole = parseMessage(nested)
  for (let size = 1; size < 60; size += 1) assert.deepEqual(await readMessage(chunks(nested, size)), whole)
})

test('gives a part decoded from the stream of its message', async () => {
  const { structure } = parseMessage(nested)
  const collect = async (number: string, size: number) => {
    const decoded = openPart(chunks(nested, size), findPart(structure, number) as Part)
    return Buffer.concat(await Array.fromAsync(decoded, (piece) => Buffer.from(piece)))
  }
  for (const size of [1, 7, 10_000]) {
    assert.deepEqual(await collect('2', size), Buffer.alloc(5))
    assert.match((await collect('1.1', size)).toString(), /^Tea at the café tomorrow\?\r\n/)
    assert.equal((await collect('3.1', size)).toString(), 'within')
  }
})

test('a message of one text is its own part 1', () => {
  const bytes = message('From: a@example.org', '', 'Hello', '')
  const { structure, text } = parseMessage(bytes)
  assert.equal(findPart(structure, '1'), structure)
  assert.equal(structure.lines, 1)
  assert.equal(text, 'Hello')
})

test('a file alone in a message is an attachment', () => {
  const bytes = message(
    'From: a@example.org',
    'Content-Type: application/pdf',
    'Content-Transfer-Encoding: base64',
    '',
    'AAAA',
    '',
  )
  const [attachment] = parseMessage(bytes).attachments
  assert.equal(attachment?.part, '1')
  assert.equal(attachment?.sizeBytes, 3)
})

test('marks what is odd and reads on', () => {
  const odd = (...lines: string[]) => parseMessage(message(...lines)).oddities
  assert.deepEqual(odd('Subject: x', '', ''), ['noFrom'])
  assert.deepEqual(odd('From: a@b.c', 'From: d@e.f', '', ''), ['severalFrom'])
  assert.deepEqual(odd('From: a@b.c', 'Subject: x', 'subject: y', '', ''), ['severalHeaders'])
  assert.deepEqual(odd('From: a@b.c', 'no field', '', ''), ['badHeader'])
  assert.deepEqual(odd('From: a@b.c', '', 'x'.repeat(999), ''), ['longLine'])
  assert.deepEqual(odd('From: a@b.c', '', 'a\rb', ''), ['bareCarriageReturn'])
  assert.deepEqual(odd('From: a@b.c', '', 'a\nb', ''), ['bareLineFeed'])
  assert.deepEqual(odd('From: a@b.c', '', 'a\0b', ''), ['nul'])
  assert.deepEqual(odd('From: a@b.c', 'Content-Type: text/plain; charset=x-none', '', 'a', ''), [
    'unknownCharset',
  ])
  assert.deepEqual(odd('From: a@b.c', 'Content-Transfer-Encoding: x-none', '', 'a', ''), ['badEncoding'])
  assert.deepEqual(odd('From: a@b.c', 'Content-Type: multipart/mixed', '', 'a', ''), ['missingBoundary'])
  assert.deepEqual(odd('From: a@b.c', 'Content-Type: multipart/mixed; boundary=x', '', '--x', '', 'a', ''), [
    'missingBoundary',
  ])
})

test('a message with line feeds only has the same parts', () => {
  const bytes = Buffer.from(nested.toString().replaceAll('\r\n', '\n'))
  const parsed = parseMessage(bytes)
  checkOffsets(bytes, parsed.structure)
  assert.equal([...eachPart(parsed.structure)].length, 8)
  assert.equal(slice(bytes, findPart(parsed.structure, '2') as Part), 'AAAA\nAAA=')
  assert.deepEqual(parsed.oddities, ['bareLineFeed'])
})

test('a multipart without its boundary is shown as text', () => {
  for (const type of ['multipart/mixed', 'multipart/mixed; boundary=never']) {
    const { text, structure } = parseMessage(message('From: a@b.c', `Content-Type: ${type}`, '', 'words', ''))
    assert.equal(text, 'words')
    assert.equal(structure.mediaType, 'text/plain')
  }
})

test('an inner boundary that begins like the outer one keeps them apart', () => {
  const bytes = message(
    'From: a@b.c',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: multipart/mixed; boundary=xx',
    '',
    '--xx',
    '',
    'one',
    '--x',
    '',
    'two',
    '--x--',
    '',
  )
  const { structure } = parseMessage(bytes)
  checkOffsets(bytes, structure)
  assert.equal(slice(bytes, findPart(structure, '1.1') as Part), 'one')
  assert.equal(slice(bytes, findPart(structure, '2') as Part), 'two')
})

test('a part that ends in its header is empty', () => {
  const bytes = message(
    'From: a@b.c',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: text/html',
    '--x--',
    '',
  )
  const { structure } = parseMessage(bytes)
  checkOffsets(bytes, structure)
  assert.equal(findPart(structure, '1')?.mediaType, 'text/html')
  assert.equal(slice(bytes, findPart(structure, '1') as Part), '')
})

test('text holds no NUL, no half character, and no more than its limit', () => {
  const { text } = parseMessage(
    message('From: a@b.c', 'Content-Type: text/plain; charset=utf-8', '', `a\0b${'😀'.repeat(150_000)}`),
  )
  assert.ok(!text.includes('\0'))
  assert.ok(text.isWellFormed())
  assert.ok(text.length <= 262_144 && text.length > 262_000)
})

test('a long preamble hides nothing of the text', () => {
  const bytes = message(
    'From: a@b.c',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    'p\r\n'.repeat(600_000),
    '--x',
    '',
    'words',
    '--x--',
    '',
  )
  assert.equal(parseMessage(bytes).text, 'words')
})

test('a part whose body never begins ends within the parts around it', () => {
  const bytes = message(
    'From: a@b.c',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    '--x',
    'Content-Type: multipart/mixed; boundary=y',
    '',
    '--y',
    'Content-Type: text/plain',
    '',
    '--x--',
    '',
  )
  checkOffsets(bytes, parseMessage(bytes).structure)
})

test('counts the lines of a body without the line break before the boundary', () => {
  for (const [body, lines] of [
    ['one', 1],
    ['one\r\n', 1],
    ['one\r\n\r\n', 2],
    ['one\r\ntwo', 2],
    ['', 0],
  ] as const) {
    const bytes = message(
      'From: a@b.c',
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      '',
      body,
      '--x--',
      '',
    )
    const part = findPart(parseMessage(bytes).structure, '1') as Part
    assert.equal(slice(bytes, part), body)
    assert.equal(part.lines, lines, JSON.stringify(body))
  }
})

test('reads lines that are longer than what is held of one', async () => {
  const words = 'word '.repeat(3_000)
  const bytes = message('From: a@b.c', `X-Long: ${words}`, '', words, `--${words}`, words, '')
  const whole = parseMessage(bytes)
  assert.equal(whole.text.length, bytes.length - whole.structure.start - 5)
  for (const size of [100, 999, 4_095, 4_096, 4_097, 20_000]) {
    assert.deepEqual(await readMessage(chunks(bytes, size)), whole, String(size))
  }
})

test('reckons the size of a file as it is when it is decoded', async () => {
  const bodies = {
    'quoted-printable': ['a=3Db=\r\nc\r\n=C3=A9=\r\n', 'plain', '=41', 'a=\r\n', '\r\n\r\n', ''],
    base64: ['AAAA\r\nAAA=', 'AA==\r\n', 'AAAA AAAA', ''],
    '8bit': ['é\r\n', ''],
  }
  for (const [encoding, list] of Object.entries(bodies)) {
    for (const body of list) {
      const type = ['Content-Type: application/x-file', `Content-Transfer-Encoding: ${encoding}`]
      const bytes = message(
        'From: a@b.c',
        'Content-Type: multipart/mixed; boundary=x',
        '',
        '--x',
        ...type,
        '',
        body,
        '--x--',
      )
      const { structure, attachments } = parseMessage(bytes)
      const source = async function* () {
        yield bytes
      }
      const file = await Array.fromAsync(openPart(source(), findPart(structure, '1') as Part))
      const off = Math.abs((attachments[0]?.sizeBytes ?? -9) - Buffer.concat(file).length)
      assert.ok(off <= (body.includes(' ') ? 1 : 0), `${encoding} ${JSON.stringify(body)} off by ${off}`)
    }
  }
})

test('only what the text shows is inline', () => {
  const image = (id: string) => ['--x', 'Content-Type: image/png', `Content-ID: <${id}>`, '', 'png']
  const html = '<img src="cid:one"><img src=CID:two%40b>'
  const bytes = message(
    'From: a@b.c',
    'Content-Type: multipart/related; boundary=x',
    '',
    '--x',
    'Content-Type: text/html',
    '',
    html,
    ...image('one'),
    ...image('two@b'),
    ...image('three'),
    '--x--',
  )
  assert.deepEqual(
    parseMessage(bytes).attachments.map(({ isInline }) => isInline),
    [true, true, false],
  )
})
