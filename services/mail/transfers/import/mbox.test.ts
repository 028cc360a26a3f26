import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { mboxEntry } from '../export/mbox.ts'
import { readMbox } from './mbox.ts'

async function read(file: string | Buffer, chunk = 64 * 1024, start = 0) {
  const bytes = Buffer.from(file as string, 'latin1')
  const found: { from: string; source: string; end: number }[] = []
  const source = {
    async *open(at: number) {
      for (let from = at; from < bytes.length; from += chunk) yield bytes.subarray(from, from + chunk)
    },
    peek: async (at: number, length: number) => bytes.subarray(at, at + length),
  }
  for await (const { fromLine, content, end } of readMbox(source, start)) {
    const pieces = await Array.fromAsync(content)
    found.push({ from: fromLine, source: Buffer.concat(pieces).toString('latin1'), end: end() })
  }
  return found
}

const line = 'From a@b.example Mon Feb  2 04:00:00 2026'

test('messages come as they stand between their From lines, with quoted ones put right', async () => {
  const file = `${line}\nSubject: 1\n\nHello\n>From here\n>>From there\n> quoted\n\n${line}\r\nSubject: 2\r\n\r\nHi\r\n\r\n`
  for (const chunk of [1, 2, 3, 7, 1000])
    deepEqual(
      (await read(file, chunk)).map(({ source }) => source),
      ['Subject: 1\n\nHello\nFrom here\n>From there\n> quoted\n', 'Subject: 2\r\n\r\nHi\r\n'],
    )
})

test('a From inside a text that is no From line does not cut it', async () => {
  const text = 'Subject: 1\n\nFrom all of us\nthanks.\n\nFrom the start it was so.\nFromage\nxFrom y\n'
  equal((await read(`${line}\n${text}\n`))[0]?.source, text)
})

test('where nothing is quoted, Content-Length tells how far a message goes', async () => {
  const body = `Forwarded:\n\n${line}\nSubject: inner\n\nInner\n`
  const header = `Subject: outer\nContent-Length: ${body.length}\n\n`
  const found = await read(`${line}\n${header}${body}\n${line}\nSubject: 2\n\nx\n`, 10)
  deepEqual(
    found.map(({ source }) => source),
    [header + body, 'Subject: 2\n\nx\n'],
  )
  // A length that leads nowhere says nothing.
  const wrong = header.replace(/\d+/, '50')
  equal((await read(`${line}\n${wrong}${body}\n${line}\nSubject: 2\n\nx\n`)).length, 3)
})

test('reading goes on where a message ended', async () => {
  const file = [1, 2, 3].map((number) => `${line}\nSubject: ${number}\n\nText\n\n`).join('')
  const all = await read(file)
  deepEqual(await read(file, 11, all[0]!.end), all.slice(1))
  deepEqual(await read(file, 11, all[2]!.end), [])
})

test('what is not read of a message is skipped', async () => {
  const file = Buffer.from(`${line}\nSubject: 1\n\n${'x\n'.repeat(1000)}\n${line}\nSubject: 2\n\ny\n\n`)
  const source = {
    async *open() {
      for (let at = 0; at < file.length; at += 100) yield file.subarray(at, at + 100)
    },
  }
  const seen: string[] = []
  for await (const { content } of readMbox(source)) {
    const { value } = await content.next()
    seen.push(value!.toString().slice(0, 10))
  }
  deepEqual(seen, ['Subject: 1', 'Subject: 2'])
})

test('any messages written as an mbox are read as they were, however they are cut', async () => {
  const pieces = fc.array(
    fc.constantFrom('From ', 'From x 10:00 2026', '>', '>>From ', '\n', '\r\n', '\n\n', 'text', line, ' '),
    { maxLength: 30 },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(pieces, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 40 }),
      async (all, chunk) => {
        const sources = all.map((parts) => `Subject: x\n\n${parts.join('')}\n`)
        const written: Buffer[] = []
        for (const source of sources) {
          const content = async function* () {
            for (let at = 0; at < source.length; at += chunk) yield Buffer.from(source.slice(at, at + chunk))
          }
          for await (const piece of mboxEntry(Buffer.from(`${line}\n`), content())) written.push(piece)
        }
        deepEqual(
          (await read(Buffer.concat(written).toString('latin1'), chunk)).map(({ source }) => source),
          sources,
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('hostile mboxes end soon', async () => {
  const startedAt = performance.now()
  await read(`${line}\n\n${'>'.repeat(3_000_000)}From x`)
  await read(`${line}\n${'From '.repeat(600_000)}`)
  await read(`${line}\n\n`.repeat(30_000))
  await read(`${line}\n${'\n'.repeat(3_000_000)}`)
  ok(performance.now() - startedAt < 20_000)
})
