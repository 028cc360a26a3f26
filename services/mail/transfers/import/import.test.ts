import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { sql } from 'kysely'
import { eventually } from '#platform/testing/eventually.ts'
import { letter, mbox, tar, transferScene, zip } from '../testing.ts'

const scene = await transferScene()
after(() => scene[Symbol.asyncDispose]())
let people = 0
const somebody = (quotaBytes?: number) => scene.addAccount(`rahima${++people}@ours.example`, quotaBytes)
const { db } = scene.tools

test('an mbox becomes messages under a label of its name, byte for byte, when they came, and once', async () => {
  const account = await somebody()
  const letters = Array.from({ length: 250 }, (_, at) => letter(at, { text: `Text ${at}\nFrom here on` }))
  const done = await scene.import(account, mbox(letters), 'Old mail.mbox')
  equal(done.state, 'done')
  deepEqual([done.messages, done.duplicates, done.refused, done.done], [250, 0, 0, done.total])
  const kept = await scene.messages(account)
  deepEqual(kept.map(({ source }) => source).toSorted(), letters.toSorted())
  deepEqual(new Set(kept.map(({ mailboxes }) => String(mailboxes))), new Set(['Old mail,all']))
  ok(kept.every(({ isSeen, receivedAt }) => isSeen && receivedAt.startsWith('2026-02-02')))

  const again = await scene.import(account, mbox([...letters, letter(999)]), 'Old mail.mbox')
  deepEqual([again.messages, again.duplicates], [1, 250])
  equal((await scene.messages(account)).length, 251)
  const { rows } = await sql<{ words: number; left: number }>`
    select (select count(*)::int from message_words w join messages m on m.id = w.message_id where account_id = ${account}) as words,
      (select count(*)::int from unindexed_messages u join messages m on m.id = u.message_id where account_id = ${account}) as left`.execute(
    db,
  )
  deepEqual(rows, [{ words: 251, left: 0 }])
})

test('the file of an import that has ended may go, and that of one that runs may not', async () => {
  const account = await somebody()
  const id = await scene.begin(account, mbox([letter(1)]))
  const { blob } = await scene.transfer(account, id)
  const { unknownBlobs } = await import('../../store/sweeping.ts')
  await scene.tools.blobs.put(mbox([letter(1)]))
  deepEqual(await unknownBlobs(db, [blob!]), [])
  await using stack = new AsyncDisposableStack()
  stack.use(scene.start())
  await scene.ended(account, id)
  const { rows } = await sql`select from loose_blobs where blob = ${blob}`.execute(db)
  equal(rows.length, 1)
})

test('a mailbox of Google Takeout has its labels, marks and category', async () => {
  const account = await somebody()
  const labelled = (number: number, labels: string) =>
    letter(number, { headers: `X-Gmail-Labels: ${labels}\nX-GM-THRID: 1\n` })
  await scene.import(
    account,
    zip({
      'Takeout/Mail/All mail Including Spam and Trash.mbox': mbox([
        labelled(1, 'Inbox,Unread,Starred,Category Promotions'),
        labelled(2, '"Work, old",Clients/Dhaka,Opened'),
        labelled(3, 'Spam'),
        labelled(4, '=?UTF-8?B?4KaV4Ka+4Kac?=,Archived'),
        letter(5, { from: `r <rahima${people}@ours.example>`, headers: 'X-Gmail-Labels: Sent,Opened\n' }),
        labelled(6, 'Draft'),
        labelled(7, 'Trash,Work'),
      ]),
      'Takeout/archive_browser.html': '<html>',
    }),
  )
  const kept = await scene.messages(account)
  deepEqual(
    kept.map(({ subject, mailboxes, isSeen, isFlagged }) => [subject, String(mailboxes), isSeen, isFlagged]),
    [
      ['Letter 1', 'all,inbox', false, true],
      ['Letter 2', 'Clients/Dhaka,Work, old,all', true, false],
      ['Letter 3', 'junk', true, false],
      ['Letter 4', 'all,কাজ', true, false],
      ['Letter 5', 'all,sent', true, false],
      ['Letter 6', 'all,drafts', true, false],
      ['Letter 7', 'Work,trash', true, false],
    ],
  )
  deepEqual([kept[0]!.category, kept[4]!.isOwn, kept[5]!.isDraft], ['promotions', true, true])
})

for (const [kind, pack] of [
  ['tar', tar],
  ['tar.gz', (files: Parameters<typeof tar>[0]) => gzipSync(tar(files))],
  ['zip', zip],
] as const)
  test(`a Maildir in a ${kind} has its folders and flags`, async () => {
    const account = await somebody()
    const done = await scene.import(
      account,
      pack({
        'Maildir/cur/1.x:2,S': letter(1),
        'Maildir/new/2.x': letter(2),
        'Maildir/tmp/3.x': letter(3),
        'Maildir/dovecot-uidlist': '3 V1\n1 :1.x\n',
        'Maildir/.Sent/cur/4.x:2,RS': letter(4),
        'Maildir/.Work.Clients &- Co/cur/5.x:2,FPS': letter(5),
        '../../etc/cur/6:2,': letter(6),
        'Maildir/.Junk E-mail/cur/7:2,S': letter(7),
        [`Maildir/.${'&CZUJvgmc-'}/cur/8:2,S`]: letter(8),
        'notes/todo.txt': 'Buy: milk\nand eggs\n',
        'one/letter.eml': letter(9).replaceAll('\n', '\r\n'),
        'Inbox.eml': letter(10),
        [`${'deep/'.repeat(30)}x/cur/11:2,S`]: letter(11),
      }),
    )
    deepEqual([done.state, done.messages, done.refused], ['done', 10, 0])
    const kept = await scene.messages(account)
    const shown = kept.map((each) => [
      Number(each.subject.slice(7)),
      String(each.mailboxes),
      [each.isSeen && 'S', each.isAnswered && 'R', each.isFlagged && 'F', each.isForwarded && 'P']
        .filter(Boolean)
        .join(''),
    ])
    deepEqual(
      shown.toSorted(([a], [b]) => Number(a) - Number(b)),
      [
        [1, 'all,inbox', 'S'],
        [2, 'all,inbox', ''],
        [4, 'all,sent', 'SR'],
        [5, 'Work/Clients & Co,all', 'SFP'],
        [6, 'all,etc', ''],
        [7, 'junk', 'S'],
        [8, 'all,কাজ', 'S'],
        [9, 'all,one', 'S'],
        [10, 'all,inbox', 'S'],
        [11, `all,${Array(10).fill('deep').join('/')}`, 'S'],
      ],
    )
  })

test('messages in several folders are one with the labels of all', async () => {
  const account = await somebody()
  const done = await scene.import(
    account,
    tar({
      'Archive.mbox': mbox(Array.from({ length: 150 }, (_, at) => letter(at))),
      'INBOX.mbox': mbox([letter(0), letter(1000)]),
      'Work.mbox': mbox([letter(0), letter(1000)]),
    }),
  )
  deepEqual([done.messages, done.duplicates], [151, 3])
  const kept = await scene.messages(account)
  const of = (subject: string) => String(kept.find((each) => each.subject === subject)?.mailboxes)
  deepEqual([of('Letter 0'), of('Letter 1'), of('Letter 1000')], ['Work,all,inbox', 'all', 'Work,all,inbox'])
})

test('marks of mbox programs are read, and what was deleted in one stays away', async () => {
  const account = await somebody()
  const marked = [
    'Status: RO\nX-Status: AF\n',
    'Status: O\n',
    'X-Mozilla-Status: 0005\n',
    'X-Mozilla-Status: 0009\n',
    '',
  ]
  await scene.import(account, mbox(marked.map((headers, number) => letter(number, { headers }))), 'Inbox')
  const kept = await scene.messages(account)
  deepEqual(
    kept.map(({ subject, isSeen, isAnswered, isFlagged, mailboxes }) => [
      subject,
      isSeen,
      isAnswered,
      isFlagged,
      String(mailboxes),
    ]),
    [
      ['Letter 0', true, true, true, 'all,inbox'],
      ['Letter 1', false, false, false, 'all,inbox'],
      ['Letter 2', true, false, true, 'all,inbox'],
      ['Letter 4', true, false, false, 'all,inbox'],
    ],
  )
})

test('answers come into the conversation of what they answer, and counts are right', async () => {
  const account = await somebody()
  const answer = letter(2, { headers: 'In-Reply-To: <1@far.example>\n' }).replace('Letter 2', 'Re: Letter 1')
  await scene.import(account, mbox([letter(1), answer, letter(3)]), 'Inbox.mbox')
  const kept = await scene.messages(account)
  equal(new Set(kept.map(({ threadId }) => threadId)).size, 2)
  const { rows } = await sql`
    select messages, unread, threads from mailboxes where account_id = ${account} and role = 'inbox'`.execute(
    db,
  )
  deepEqual(rows, [{ messages: 3, unread: 0, threads: 2 }])
})

test('where the quota ends, the import says so, and what is in stays', async () => {
  const account = await somebody(20_000)
  const letters = Array.from({ length: 300 }, (_, at) => letter(at))
  const done = await scene.import(account, mbox(letters))
  deepEqual([done.state, done.error], ['failed', 'quotaExceeded'])
  const kept = await scene.messages(account)
  ok(kept.length > 50 && kept.length < 150, String(kept.length))
  equal(done.messages, kept.length)
})

test('damaged, empty and hostile files end with a word why', async () => {
  const account = await somebody()
  const archive = zip({ 'a.mbox': mbox([letter(1)]), 'b.eml': letter(2) })
  equal((await scene.import(account, archive.subarray(0, -40))).error, 'damagedFile')
  equal(
    (await scene.import(account, gzipSync(tar({ 'a.eml': letter(3) })).subarray(0, -30))).error,
    'damagedFile',
  )
  const bomb = zip({ 'zeros.mbox': Buffer.concat([mbox([letter(4)]), Buffer.alloc(70 * 1024 * 1024)]) })
  equal((await scene.import(account, bomb)).error, 'tooLarge')
  const done = await scene.import(account, zip({ 'c.txt': 'nothing', 'empty.mbox': '', 'x.eml': '' }))
  deepEqual([done.state, done.messages], ['done', 0])
})

test('an import that is cancelled adds nothing more', async () => {
  const account = await somebody()
  const letters = Array.from({ length: 2_000 }, (_, at) => letter(at))
  const { endTransfer } = await import('../../store/transfers.ts')
  {
    await using stack = new AsyncDisposableStack()
    stack.use(scene.start())
    const id = await scene.begin(account, mbox(letters))
    await eventually(async () => (await scene.transfer(account, id)).messages > 0)
    equal(await db.transaction().execute((tx) => endTransfer(tx, id, { state: 'cancelled' })), true)
  }
  const { length } = await scene.messages(account)
  ok(length > 0 && length < 2_000)
})
