import { deepEqual, equal, notDeepEqual } from 'node:assert/strict'
import { after, test } from 'node:test'
import { sql } from 'kysely'
import { letter, mbox, tar, transferScene } from '../transfers/testing.ts'
import { rebuild } from './rebuild.ts'

const scene = await transferScene()
after(() => scene[Symbol.asyncDispose]())
const { db } = scene.tools

const tables = [
  'accounts',
  'contents',
  'mailboxes',
  'threads',
  'thread_references',
  'messages',
  'mailbox_messages',
  'message_words',
  'mailbox_threads',
]

/** Everything, by table; without what counts changes where `isAlike`. */
async function everything(isAlike = false): Promise<unknown> {
  const found = []
  for (const table of tables) {
    const { rows } = await sql<{ row: Record<string, unknown> }>`
      select to_jsonb(t) as row from ${sql.table(table)} t order by to_jsonb(t)->>'id', t::text`.execute(db)
    found.push(
      rows
        .map(({ row }) =>
          isAlike ? JSON.stringify({ ...row, modseq: 0, highest_modseq: 0 }) : JSON.stringify(row),
        )
        .toSorted(),
    )
  }
  return found
}

test('what is whole stays as it is, and what was damaged is mended', async () => {
  const account = await scene.addAccount('rahima@ours.example')
  const attached = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n'
  const parts =
    '--b\nContent-Type: text/plain\n\nHello\n--b\nContent-Type: image/png\nContent-Disposition: attachment; filename=a.png\n\nxx\n--b--\n'
  const answer = letter(2, { headers: 'In-Reply-To: <1@far.example>\n' }).replace('Letter 2', 'Re: Letter 1')
  await scene.import(
    account,
    tar({
      'INBOX.mbox': mbox([letter(1), answer, letter(3, { headers: attached, text: parts })]),
      'Maildir/new/1': letter(4),
      'Maildir/.Work/cur/5:2,': letter(5, { text: 'nul \u0000 here' }),
    }),
  )
  const before = await everything()
  deepEqual(await rebuild(scene.tools), { messages: 5, mended: 0, missing: 0 })
  deepEqual(await everything(), before)

  const alike = await everything(true)
  for (const damage of [
    sql`update messages set subject = 'x', snippet = '', addresses = '{}', sent_at = null, attachments = '[]', size_bytes = 1`,
    sql`update contents set structure = '{}'`,
    sql`delete from message_words where message_id in (select id from messages limit 2)`,
    sql`delete from mailbox_threads`,
    sql`update mailboxes set messages = 99, unread = 7, threads = 0`,
    sql`update threads set messages = 0`,
    sql`delete from thread_references`,
    sql`update accounts set used_bytes = 5`,
  ])
    await damage.execute(db)
  notDeepEqual(await everything(true), alike)
  const rebuilt = await rebuild(scene.tools)
  deepEqual(rebuilt, { messages: 5, mended: 5, missing: 0 })
  deepEqual(await everything(true), alike)

  const { rows } = await sql<{ blob: string }>`select blob from messages limit 1`.execute(db)
  await scene.tools.blobs.delete(rows[0]!.blob)
  equal((await rebuild({ ...scene.tools, log: { ...scene.tools.log, error: () => undefined } })).missing, 1)
})
