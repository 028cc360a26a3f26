/** The raw source of a message is given back as it came, for ever: the public SpamAssassin corpus, whole with `MAIL_CORPUS=all`. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, openAsBlob, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { createHttpCaller } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import { openBlobs } from '#platform/blobs/open.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { dial, type TestClient } from '#services/mail/smtp/testing.ts'
import { temporaryFolder } from '../program.ts'
import { keptMessages } from './kept-messages.ts'
import { owner, setUpMailProgram, type MailProgram } from './mail-program.ts'

const archive = join(import.meta.dirname, '../../../shared/data/spamassassin-corpus.tar.xz')
const settings = { GREYLISTING: 'false', DNS_SERVERS: '127.0.0.1:9', LOG_LEVEL: 'error' }
const sampled = 60

let corpus: Awaited<ReturnType<typeof temporaryFolder>>
let files: string[] = []
before(async () => {
  corpus = await temporaryFolder()
  if (!existsSync(archive)) return
  execFileSync('tar', ['-xJf', archive, '-C', corpus.path])
  const all = readdirSync(corpus.path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(?:tsv|md)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  files = process.env.MAIL_CORPUS === 'all' ? all : all.filter((_, index) => index % sampled === 0)
})
after(() => corpus[Symbol.asyncDispose]())

test('what comes by SMTP is kept byte for byte', { timeout: 900_000 }, async (t) => {
  if (files.length === 0) return t.skip(`${archive} is not here`)
  await using folder = await temporaryFolder()
  await using opened = await setUpMailProgram(folder.path, [], settings)
  const kept = new Set<string>()
  const refusals: Record<string, number> = {}
  let client: TestClient | undefined
  for (const [index, file] of files.entries()) {
    client = index % 500 === 0 || !client ? await greeted(opened.port) : client
    const bytes = asSent(readFileSync(file))
    const answer = await bring(client, bytes)
    if (answer.startsWith('250')) kept.add(digestOf(bytes))
    else {
      refusals[answer] = (refusals[answer] ?? 0) + 1
      client[Symbol.dispose]()
      client = undefined
    }
  }
  client?.[Symbol.dispose]()
  t.diagnostic(`${kept.size} different ones of ${files.length} taken; refused: ${JSON.stringify(refusals)}`)
  assert.ok(kept.size > files.length * 0.9)
  await checkKept(folder.path, kept)
})

test('what is imported is kept byte for byte, whatever it is', { timeout: 900_000 }, async (t) => {
  if (files.length === 0) return t.skip(`${archive} is not here`)
  await using folder = await temporaryFolder()
  await using opened = await setUpMailProgram(folder.path, [], settings)
  const letters = join(corpus.path, 'letters')
  mkdirSync(letters)
  const wanted = new Set<string>()
  for (const [index, file] of files.entries()) {
    const bytes = withoutEnvelope(readFileSync(file))
    writeFileSync(join(letters, `${index}.eml`), bytes)
    wanted.add(digestOf(bytes))
  }
  const tar = join(corpus.path, 'letters.tar')
  execFileSync('tar', ['-cf', tar, '-C', corpus.path, 'letters'])
  await importFile(t, opened, tar)
  await checkKept(folder.path, wanted)
})

async function importFile(
  t: TestContext,
  { origin, token, mail: client }: MailProgram,
  path: string,
): Promise<void> {
  const caller = createHttpCaller({ origin, headers: { authorization: `Bearer ${token}` } })
  const { id } = await caller.call(mail.calls.importMail, {
    upload: await openAsBlob(path, { type: 'application/x-tar' }),
    fileName: 'letters.tar',
  })
  const state = async () => (await client.listTransfers({})).items.find((each) => each.id === id)!
  await eventually(async () => (await state()).state !== 'running', 600_000)
  const done = await state()
  t.diagnostic(`${done.messages} imported, ${done.duplicates} were there, ${done.refused} refused`)
  assert.deepEqual([done.state, done.refused], ['done', 0])
}

/** The blobs are these, and each is what its name says. */
async function checkKept(directory: string, wanted: ReadonlySet<string>): Promise<void> {
  const rows = await keptMessages(directory)
  const found = new Set(rows.map(({ blob }) => blob))
  assert.deepEqual([found.size, [...wanted].filter((id) => !found.has(id))], [wanted.size, []])
  await using blobs = await openBlobs(`file:${join(directory, 'blobs/mail')}`)
  for (const id of wanted) {
    const bytes = Buffer.concat(await Array.fromAsync((await blobs.get(id)) as AsyncIterable<Buffer>))
    assert.equal(digestOf(bytes), id)
  }
}

async function greeted(port: number): Promise<TestClient> {
  const client = await dial(port)
  await client.command('EHLO here.example', 250)
  return client
}

/** The answer to the message, its first line. */
async function bring(client: TestClient, bytes: Buffer): Promise<string> {
  await client.command('MAIL FROM:<corpus@sender.example>', 250)
  await client.command(`RCPT TO:<${owner}>`, 250)
  await client.command('DATA', 354)
  client.send(Buffer.from(`${bytes.toString('latin1').replaceAll(/^\./gm, '..')}.\r\n`, 'latin1'))
  return client.expect(250).catch(({ message }: Error) => message.split('\n')[0]!)
}

/** As a server sends it: lines end with CR LF, and so does the message. */
function asSent(bytes: Buffer): Buffer {
  const text = withoutEnvelope(bytes).toString('latin1').replaceAll(/\r?\n/g, '\r\n')
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1')
}

/** Some have the line that mbox files put before a message. */
function withoutEnvelope(bytes: Buffer): Buffer {
  return bytes.subarray(0, 5).toString() === 'From ' ? bytes.subarray(bytes.indexOf('\n') + 1) : bytes
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
