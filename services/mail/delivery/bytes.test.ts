import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { parseMessage } from '../mime/parse.ts'
import { openPart } from '../mime/decode.ts'
import { replyParser, type Reply } from './client/reply.ts'
import { withCleanLines, withDots } from './client/stuffing.ts'
import { encodeXtext } from './client/xtext.ts'
import { decodeXtext } from '../smtp/parameters.ts'
import { toSevenBit } from './seven-bit.ts'

const seed = 20_261_121

/** The bytes cut at these places. */
function* cut(bytes: Buffer, places: readonly number[]): Generator<Buffer> {
  const edges = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ]
  for (let n = 1; n < edges.length; n++) yield bytes.subarray(edges[n - 1], edges[n])
}
async function* each(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks
}
const all = async (source: AsyncIterable<Buffer>) =>
  Buffer.concat(await Array.fromAsync(source)).toString('latin1')
const places = fc.array(fc.nat(10_000), { maxLength: 8 })
const text = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '.', 'a', '\0', 'é', '..'), { maxLength: 40 })
  .map((parts) => parts.join(''))

describe('bytes on the wire', () => {
  test('however it is cut, lines end with CR LF, and a dot never stands alone', async () => {
    await fc.assert(
      fc.asyncProperty(text, places, async (text, places) => {
        const bytes = Buffer.from(text, 'latin1')
        const clean = await all(withCleanLines(each(cut(bytes, places))))
        const lines = text.replaceAll('\0', '').replaceAll(/\r\n|\r|\n/g, '\n')
        // A NUL between CR and LF leaves two line ends.
        if (!/\r\0+\n/.test(text))
          assert.equal(
            clean,
            (lines === '' || lines.endsWith('\n') ? lines : `${lines}\n`).replaceAll('\n', '\r\n'),
          )
        const sent = await all(withDots(each(cut(Buffer.from(clean, 'latin1'), places))))
        assert.doesNotMatch(sent, /(^|\n)\.\r\n|[^\r]\n|\r[^\n]|\0/)
        assert.equal(sent.replaceAll(/^\./gm, ''), clean)
      }),
      { seed, numRuns: 500 },
    )
  })

  test('replies are the same however they are cut', () => {
    const bytes = Buffer.from(
      '220-mx ESMTP\r\n220 hello\r\n250 2.1.0 Ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\n354\r\n',
    )
    const wanted: Reply[] = [
      { code: 220, status: undefined, lines: ['mx ESMTP', 'hello'] },
      { code: 250, status: '2.1.0', lines: ['Ok'] },
      { code: 550, status: '5.1.1', lines: ['no', 'such user'] },
      { code: 354, status: undefined, lines: [''] },
    ]
    fc.assert(
      fc.property(places, (places) => {
        const parser = replyParser()
        assert.deepEqual(
          [...cut(bytes, places)].flatMap((chunk) => parser.push(chunk)),
          wanted,
        )
        assert.equal(parser.isEmpty, true)
      }),
      { seed },
    )
  })

  test('a status of another class than the code is none, and junk is no reply', () => {
    assert.equal(replyParser().push(Buffer.from('550 2.0.0 What\r\n'))[0]!.status, undefined)
    for (const junk of ['HTTP/1.1 400\r\n', '999 x\r\n', '25 x\r\n', '250x\r\n', 'x'.repeat(70_000)])
      assert.throws(() => replyParser().push(Buffer.from(junk)), Error, junk.slice(0, 20))
  })

  test('xtext comes back as it was', () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        const encoded = encodeXtext(text)
        assert.match(encoded, /^[!-~]*$/)
        assert.equal(Buffer.from(decodeXtext(encoded)!, 'latin1').toString(), text.toWellFormed())
      }),
      { seed },
    ))
})

describe('7-bit form', () => {
  const convert = async (source: string) => {
    const bytes = Buffer.from(source)
    const { structure, sizeBytes } = parseMessage(bytes)
    const read = (start: number, end: number) => each([bytes.subarray(start, end)])
    return Buffer.concat(await Array.fromAsync(toSevenBit(read, structure, sizeBytes)))
  }
  const parts = async (bytes: Buffer) =>
    Promise.all((parseMessage(bytes).structure.parts ?? []).map((part) => all(openPart(each([bytes]), part))))

  test('of a multipart each body that needs it is encoded, the rest stays as it is', async () => {
    const long = 'y'.repeat(2_000)
    const source = [
      'From: a@b.example',
      'Content-Type: multipart/mixed; boundary=x',
      'Content-Transfer-Encoding: 8bit',
      '',
      '--x',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      'ধন্যবাদ',
      '.',
      '--x',
      'Content-Type: text/plain',
      '',
      'plain',
      '--x',
      'Content-Type: application/json',
      '',
      long,
      '--x--',
      '',
    ].join('\r\n')
    const converted = await convert(source)
    assert.equal(
      converted.every((byte) => byte < 128),
      true,
    )
    assert.ok(
      Math.max(
        ...converted
          .toString()
          .split('\r\n')
          .map((line) => line.length),
      ) < 100,
    )
    assert.match(
      converted.toString(),
      /^From: a@b\.example\r\nContent-Type: multipart\/mixed; boundary=x\r\nMIME-Version: 1\.0\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--x/,
    )
    assert.match(converted.toString(), /--x\r\nContent-Type: text\/plain\r\n\r\nplain\r\n--x/)
    assert.deepEqual(await parts(converted), await parts(Buffer.from(source)))
  })

  test('what its author signed is left alone', async () => {
    const source =
      'Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nধ\r\n--x--\r\n'
    assert.equal((await convert(source)).toString(), source)
  })

  test('a message within a message is converted within', async () => {
    const source =
      'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: in\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nধ\r\n'
    const converted = await convert(source)
    assert.equal(
      converted.every((byte) => byte < 128),
      true,
    )
    assert.match(parseMessage(converted).structure.message!.part.encoding, /quoted-printable|base64/)
  })

  test('no octets make it throw, and what is 7-bit already stays as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (junk) => {
        await convert(
          Buffer.concat([
            Buffer.from('Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n'),
            junk,
          ]).toString('latin1'),
        )
      }),
      { seed, numRuns: 200 },
    )
    const plain = 'From: a@b\r\nSubject: x\r\n\r\nHello\r\n.\r\n'
    assert.equal((await convert(plain)).toString(), plain)
  })
})
