import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { test } from 'node:test'
import { openPart } from './decode.ts'
import type { Part, ParsedMessage } from './message.ts'
import { parseMessage, readMessage } from './parse.ts'
import { eachPart, findPart } from './structure.ts'

/** Ten times what it takes on a laptop; a reader that is not linear takes minutes. */
const maxMs = 2_000

function timed(bytes: Buffer): ParsedMessage {
  const startedAt = performance.now()
  const parsed = parseMessage(bytes)
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs < maxMs, `took ${tookMs} ms`)
  assert.equal(parsed.structure.end, bytes.length)
  return parsed
}

function header(...lines: string[]): string {
  return ['From: a@example.org', ...lines, '', ''].join('\r\n')
}

test('multiparts 10,000 deep', () => {
  const levels = Array.from(
    { length: 10_000 },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  )
  const bytes = Buffer.from(`From: a@example.org\r\n${levels.join('')}\r\nend\r\n`)
  const parsed = timed(bytes)
  assert.ok(parsed.oddities.includes('tooDeep'))
  assert.equal([...eachPart(parsed.structure)].length, 101)
})

test('messages 5,000 deep', () => {
  const bytes = Buffer.from(`${header('Content-Type: message/rfc822').repeat(5_000)}end\r\n`)
  const parsed = timed(bytes)
  assert.ok(parsed.oddities.includes('tooDeep'))
  assert.equal([...eachPart(parsed.structure)].length, 101)
})

test('100,000 parts', () => {
  const parts = '--x\r\n\r\npart\r\n'.repeat(100_000)
  const parsed = timed(Buffer.from(`${header('Content-Type: multipart/mixed; boundary=x')}${parts}--x--\r\n`))
  assert.deepEqual(parsed.oddities, ['tooManyParts'])
  assert.equal(parsed.structure.parts?.length, 999)
  assert.equal(findPart(parsed.structure, '999')?.end, (findPart(parsed.structure, '999')?.start ?? 0) + 4)
})

test('200,000 addresses', () => {
  const parsed = timed(
    Buffer.from(`From: a@example.org\r\nTo: ${'a@b.cd,\r\n '.repeat(200_000)}a@b.c\r\n\r\n`),
  )
  assert.equal(parsed.envelope.to.length + parsed.envelope.from.length, 10_000)
  assert.ok(parsed.oddities.includes('tooManyAddresses'))
  assert.ok(parsed.oddities.includes('longHeader'))
})

test('300,000 nested <div>', () => {
  const html = `${'<div>'.repeat(300_000)}words`
  assert.equal(timed(Buffer.from(`${header('Content-Type: text/html')}${html}`)).text, '')
  assert.equal(timed(Buffer.from(`${header('Content-Type: text/html')}words${html}`)).text, 'words')
})

test('20,000 pieces of a file name', () => {
  const pieces = Array.from({ length: 20_000 }, (_, index) => ` filename*${index}=a;\r\n`)
  const bytes = Buffer.from(
    `${header(`Content-Type: multipart/mixed; boundary=x`)}--x\r\nContent-Disposition: attachment;\r\n${pieces.join('')} x=y\r\n\r\nz\r\n--x--\r\n`,
  )
  const name = timed(bytes).attachments[0]?.fileName ?? ''
  assert.match(name, /^a+$/)
  assert.equal(name.length, 255)
})

test('a header of 10 MB', () => {
  const parsed = timed(
    Buffer.from(header(...Array.from({ length: 100_000 }, () => `X-Long: ${'y'.repeat(95)}`))),
  )
  assert.ok(parsed.oddities.includes('longHeader'))
  assert.ok(parsed.headers.length < 10_001)
  const one = timed(Buffer.from(`${header(`X-Long: ${'y'.repeat(10_000_000)}`, 'Subject: behind')}text`))
  assert.ok(one.oddities.includes('longHeader'))
  assert.equal(one.text, 'text')
})

test('a body line of 70,000', () => {
  const parsed = timed(Buffer.from(`${header()}${'z'.repeat(70_000)}\r\n`))
  assert.deepEqual(parsed.oddities, ['longLine'])
  assert.equal(parsed.text.length, 70_000)
})

test('marks that never end, in each header', () => {
  const unit = 400_000
  for (const piece of [
    '(',
    '<',
    '"',
    '\\"(',
    '<@',
    '<@,',
    '=?',
    '=?a?B?',
    '=?a?q?=?',
    ':',
    ',',
    '@',
    '.',
    ' ',
    'a b',
    '(a) ',
    ';',
    '&',
    '%',
    "'",
    '*0*=',
  ]) {
    const value = piece.repeat(Math.floor(unit / piece.length))
    for (const name of [
      'To',
      'Subject',
      'Date',
      'References',
      'Content-Type',
      'Content-Disposition',
      'Content-Language',
    ]) {
      timed(
        Buffer.from(
          `From: a@example.org\r\n${name}: ${name.startsWith('Content') ? 'a/b;' : ''}${value}\r\n\r\n`,
        ),
      )
    }
  }
})

test('marks that never end, in HTML', () => {
  const pieces = [
    '<',
    '<a ',
    '<a b="',
    '<!--',
    '<!',
    '</',
    '<script>',
    '<style></',
    '&#',
    '&a',
    '<p hidden>',
    '<blockquote type=cite>',
    '<pre>\n',
    'cid:',
    '<br>',
    '<li>',
    '\u00ad ',
  ]
  for (const piece of pieces)
    timed(Buffer.from(`${header('Content-Type: text/html')}${piece.repeat(200_000)}`))
})

test('lines that begin like a boundary', () => {
  const levels = Array.from(
    { length: 99 },
    (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n`,
  )
  for (const line of ['--\r\n', '--b\r\n', '--b98x\r\n', `--${'b'.repeat(2_000)}\r\n`]) {
    timed(
      Buffer.from(
        `From: a@example.org\r\n${levels.join('')}\r\n${line.repeat(Math.floor(5_000_000 / line.length))}`,
      ),
    )
  }
})

test('file names that lead elsewhere are made safe', () => {
  const name = (value: string) => {
    const parts = `--x\r\nContent-Disposition: attachment; filename*=utf-8''${encodeURIComponent(value)}\r\n\r\n--x--`
    return parseMessage(Buffer.from(`${header('Content-Type: multipart/mixed; boundary=x')}${parts}`))
      .attachments[0]?.fileName
  }
  assert.equal(name('../../etc/passwd'), 'passwd')
  assert.equal(name('..\\..\\boot.ini'), 'boot.ini')
  assert.equal(name('..'), 'text.txt')
  assert.equal(name('a\0b.txt'), 'ab.txt')
  assert.equal(name('invoice\u202Efdp.exe'), 'invoicefdp.exe')
  assert.equal(name('\u2066\u200F\uFEFF\r\n.htaccess'), 'htaccess')
  assert.equal(name('ক্ষ\u200D.pdf'), 'ক্ষ\u200D.pdf')
  const long = name(`${'ঢ'.repeat(300)}.pdf`) ?? ''
  assert.ok(Buffer.byteLength(long) <= 255 && long.endsWith('.pdf') && long.length > 80)
})

/** A message that is never whole in memory. */
async function* huge(head: string, filling: string, size: number): AsyncGenerator<Buffer> {
  yield Buffer.from(head)
  const chunk = Buffer.from(filling.repeat(Math.ceil(65_536 / filling.length)))
  for (let sent = 0; sent < size; sent += chunk.length) {
    await new Promise((resolve) => setImmediate(resolve))
    yield chunk
  }
}

for (const [megabytes, what, type, filling] of [
  [100, 'a quoted-printable line', 'text/plain', '=41=C3=A9 b='],
  [100, 'a base64 file', 'application/zip', `${'A'.repeat(76)}\r\n`],
  [20, 'empty lines', 'text/plain', '\r\n'],
  [50, 'HTML', 'text/html', '<div>=3D'],
] as const) {
  test(`${megabytes} MB of ${what} from a stream, in little memory and without a long pause`, async () => {
    const size = megabytes * 1_000_000
    const encoding = type === 'application/zip' ? 'base64' : 'quoted-printable'
    const head = header(`Content-Type: ${type}`, `Content-Transfer-Encoding: ${encoding}`)
    const before = process.memoryUsage().rss
    let most = before
    const watched = async function* () {
      for await (const chunk of huge(head, filling, size)) {
        most = Math.max(most, process.memoryUsage.rss())
        yield chunk
      }
    }
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const parsed = await readMessage(watched())
    delay.disable()
    assert.ok(parsed.sizeBytes > size)
    assert.equal(parsed.structure.end, parsed.sizeBytes)
    assert.ok(most - before < 200_000_000, `grew by ${most - before}`)
    assert.ok(delay.max / 1e6 < 500, `blocked for ${delay.max / 1e6} ms`)
    let first = 0
    for await (const piece of openPart(huge(head, filling, size), parsed.structure as Part)) {
      first += piece.length
      if (first > 1_000_000) break
    }
    assert.ok(first > 1_000_000)
  })
}
