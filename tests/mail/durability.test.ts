/** What was answered 250 is kept, whatever happens to the process, its database and its disk. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { openBlobs } from '#platform/blobs/open.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { dial } from '#services/mail/smtp/testing.ts'
import { temporaryFolder } from '../program.ts'
import { keptMessages, postmasterOf } from './kept-messages.ts'
import { openLetterFlood, oneLetter } from './letter-flood.ts'
import { owner, ownDomain, setUpMailProgram, startMailProgram } from './mail-program.ts'

const people = [owner, `rahim@${ownDomain}`, `karim@${ownDomain}`]
const crashes = Number(process.env.MAIL_CRASHES ?? 5)
/** Strangers of the same network may not be known; what is tested here is not who they are. */
const settings = { GREYLISTING: 'false', DNS_SERVERS: '127.0.0.1:9', LOG_LEVEL: 'error' }

test(
  `a process that is killed ${crashes} times in the midst of mail has kept all it answered for, once`,
  { timeout: 120_000 + crashes * 20_000 },
  async () => {
    await using folder = await temporaryFolder()
    let opened = await setUpMailProgram(folder.path, people.slice(1), settings)
    await using _ = { [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() }
    const { token } = opened
    const flood = openLetterFlood(people)
    for (let crash = 0; crash < crashes; crash++) {
      const answered = flood.answered.size
      const sending = flood.send(opened.port, 8)
      await eventually(() => flood.answered.size > answered + 20, 20_000)
      await sleep(Math.random() * 700)
      await opened.program.stop('SIGKILL')
      await sending
      opened = await startMailProgram(folder.path, token, settings)
    }
    await flood.sendUnanswered(opened.port)
    const kept = await keptMessages(folder.path)
    assert.ok(flood.answered.size > crashes * 20)
    assert.deepEqual(flood.notKeptOnce(kept), [])
    await using blobs = await openBlobs(`file:${join(folder.path, 'blobs/mail')}`)
    for (const { blob } of kept) {
      const bytes = Buffer.concat(await Array.fromAsync((await blobs.get(blob)) as AsyncIterable<Buffer>))
      assert.equal(createHash('sha256').update(bytes).digest('hex'), blob)
    }
    const { items } = await opened.mail.listMailboxes({})
    assert.equal(
      items.find(({ role }) => role === 'all')!.messages,
      kept.filter(({ address }) => address === owner).length,
    )
  },
)

test('while Postgres is away servers are told to come again, then everything is delivered once', async () => {
  await using folder = await temporaryFolder()
  await using opened = await setUpMailProgram(folder.path, people.slice(1), settings)
  const flood = openLetterFlood(people)
  const sending = flood.send(opened.port, 8)
  await eventually(() => flood.answered.size > 20, 20_000)
  process.kill(postmasterOf(folder.path).pid, 'SIGKILL')
  await eventually(() => flood.refusals.length > 0 || flood.lost > 0, 20_000)
  const before = flood.answered.size
  await eventually(() => flood.answered.size > before + 20, 30_000)
  flood.stop()
  await sending
  await flood.sendUnanswered(opened.port)
  for (const refusal of flood.refusals) assert.match(refusal, /^4\d\d /)
  assert.deepEqual(flood.notKeptOnce(await keptMessages(folder.path)), [])
})

test('on a full disk senders hear 452, what is there is whole, and it goes on when there is space', async (t) => {
  const disk = await mkdtemp(join(tmpdir(), 'dakghar-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'dakghar-test', disk], { stdio: 'pipe' })
  } catch (error) {
    await rm(disk, { recursive: true })
    return t.skip(`no file system may be mounted here: ${String(error)}`)
  }
  t.after(async () => {
    execFileSync('umount', ['--lazy', disk])
    await rm(disk, { recursive: true })
  })
  await mkdir(join(disk, 'blobs'))
  await using folder = await temporaryFolder()
  await using opened = await setUpMailProgram(folder.path, [], {
    ...settings,
    BLOBS_URL: `file:${join(disk, 'blobs')}`,
  })
  const answers: string[] = []
  const kept = new Set<string>()
  for (let index = 0; index < 12; index++) {
    const letter = oneLetter(
      `large-${index}`,
      owner,
      randomBytes(450_000).toString('base64').replaceAll(/.{76}/g, '$&\r\n'),
    )
    const answer = await bring(opened.port, letter)
    answers.push(answer)
    if (answer.startsWith('250')) kept.add(createHash('sha256').update(letter).digest('hex'))
  }
  assert.match(answers[0]!, /^250 /)
  assert.match(answers.at(-1)!, /^452 4\.3\.1 /)
  const rows = await keptMessages(folder.path)
  assert.deepEqual(new Set(rows.map(({ blob }) => blob)), kept)
  await using blobs = await openBlobs(`file:${blobFolder(disk)}`)
  for (const blob of kept) {
    const bytes = Buffer.concat(await Array.fromAsync((await blobs.get(blob)) as AsyncIterable<Buffer>))
    assert.equal(createHash('sha256').update(bytes).digest('hex'), blob)
  }
  assert.deepEqual(readdirSync(join(blobFolder(disk), 'incoming')), [])
  execFileSync('mount', ['-o', 'remount,size=16m', disk])
  assert.match(await bring(opened.port, oneLetter('after', owner, 'There is space again.\r\n')), /^250 /)
})

function blobFolder(disk: string): string {
  return join(disk, 'blobs/mail')
}

async function bring(port: number, letter: Buffer): Promise<string> {
  using client = await dial(port)
  await client.command('EHLO here.example', 250)
  await client.command('MAIL FROM:<someone@sender.example>', 250)
  await client.command(`RCPT TO:<${owner}>`, 250)
  await client.command('DATA', 354)
  client.send(Buffer.concat([letter, Buffer.from('.\r\n')]))
  return await client.expect(250).catch(({ message }: Error) => message.split('\n')[0]!)
}
