import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { takeIn } from '../../arrival/take-in.ts'
import { insertMessages } from '../../store/arrivals.ts'
import { letter, mbox, tar, transferScene } from '../testing.ts'

const scene = await transferScene()
after(() => scene[Symbol.asyncDispose]())

async function exported(account: string): Promise<Buffer> {
  await using stack = new AsyncDisposableStack()
  stack.use(scene.start())
  const done = await scene.ended(account, await scene.beginExport(account))
  equal(done.state, 'done')
  equal(done.done, done.total)
  const content = await scene.tools.blobs.get(done.blob!)
  const bytes = Buffer.concat((await content!.toArray()) as Buffer[])
  equal(bytes.length, done.sizeBytes)
  return bytes
}

async function filled(address: string): Promise<string> {
  const account = await scene.addAccount(address)
  const odd = letter(3, { text: 'From here\n>From there\nno end' }).replace(/\n$/, '')
  await scene.import(
    account,
    tar({
      'INBOX.mbox': mbox([letter(1), letter(2, { text: 'Ünï\u0000\r\n\r\nx' }), odd]),
      'Work/Clients: a.mbox': mbox([letter(4), letter(1)]),
      'Maildir/.Sent/cur/5:2,S': letter(5, { from: address }),
      'Maildir/.Drafts/cur/6:2,DF': letter(6),
      'Maildir/.Trash/cur/7:2,': letter(7),
      'Maildir/.Spam/cur/8:2,': letter(8),
      'Maildir/.Archive/cur/9:2,RPS': letter(9),
      'কাজ.mbox': mbox([letter(10)]),
    }),
  )
  // One that came in by SMTP has a trace before its bytes.
  const taken = await takeIn(scene.tools.blobs, content(letter(11)), 1e6)
  await scene.tools.db.transaction().execute((tx) =>
    insertMessages(tx, [
      {
        accountId: account,
        blob: taken.blob,
        trace: 'Return-Path: <karim@far.example>\r\n',
        parsed: taken.parsed,
        receivedAt: new Date('2026-11-20T10:11:12.345Z'),
        roles: ['inbox'],
        category: 'updates',
        categoryReasons: [],
      },
    ]),
  )
  return account
}

async function* content(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text)
}

test('what is exported and imported into an empty account is the same mail', async () => {
  const one = await filled('rahima@ours.example')
  const file = await exported(one)
  const other = await scene.addAccount('other@ours.example')
  const done = await scene.import(other, file, 'mail.tar')
  deepEqual([done.state, done.messages, done.duplicates, done.refused], ['done', 11, 0, 0])
  const shown = async (account: string) =>
    (await scene.messages(account)).map(
      ({ id: _id, threadId: _threadId, isOwn: _isOwn, ...message }) => message,
    )
  deepEqual(await shown(other), await shown(one))
})

test('an export that is imported where it came from adds nothing', async () => {
  const account = await filled('third@ours.example')
  const before = await scene.messages(account)
  const done = await scene.import(account, await exported(account))
  deepEqual([done.messages, done.duplicates], [0, 11])
  deepEqual(await scene.messages(account), before)
})

test('other programs read the tar, and nothing of an export is left when it has ended', async () => {
  const account = await scene.addAccount('fourth@ours.example')
  await scene.import(account, tar({ [`${'long name '.repeat(12)}.mbox`]: mbox([letter(1)]) }))
  const names = execFileSync('tar', ['-tf', '-'], { input: await exported(account), encoding: 'utf8' }).split(
    '\n',
  )
  ok(names.includes('index.jsonl'))
  ok(
    names.some((name) => name.startsWith('Mail/Labels/long name')),
    String(names),
  )
  const { rows } = await sql`select from export_messages`.execute(scene.tools.db)
  equal(rows.length, 0)
})
