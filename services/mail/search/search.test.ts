import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { v7 } from 'uuid'
import type { Database, DatabaseServer } from '#platform/database/database.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { sql } from 'kysely'
import { parseMessage } from '../mime/parse.ts'
import { findAccount, insertAccounts } from '../store/accounts.ts'
import { insertMessages, type NewMessage } from '../store/arrivals.ts'
import { listMailboxes } from '../store/mailboxes.ts'
import { countMessages, findMessages, findThreads, type SearchedAccount } from '../store/search.ts'
import { withUsualScope, type SearchNode } from './ast.ts'
import { indexMessages } from './indexing.ts'
import { arriving, matches, type Searched } from './match.ts'
import { parseQuery } from './query.ts'
import { SearchError } from './search-error.ts'
import { textsOf, wordsOf } from './words.ts'

let server: DatabaseServer
let db: Database
let account: SearchedAccount
const messages: { id: string; threadId: string; searched: Searched }[] = []
/** As if there were many messages. */
const few = { candidates: 3, phraseChecks: 3, newest: 20 }
const now = new Date('2026-06-15T12:00:00Z')

before(async () => {
  server = await testDatabase([{ name: 'mail', migrations: new URL('../migrations/', import.meta.url) }])
  db = server.forService('mail')
  account = await newAccount('me@x.example')
  const other = await newAccount('other@x.example')
  await fill(account, 250, messages)
  await fill(other, 50, [])
})
after(() => server[Symbol.asyncDispose]())

test('searches find in the index what they take in memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 }), async (text) => {
      const node = understood(text)
      if (!node) return
      const wanted = messages.filter(({ searched }) => matches(node, searched))
      for (const thresholds of [undefined, few]) {
        const found = await findMessages(db, account, node, 1_000, thresholds)
        assert.deepEqual(
          found.map(({ messageId }) => messageId).toSorted(),
          wanted.map(({ id }) => id).toSorted(),
          text,
        )
      }
      assert.equal(await countMessages(db, account, node, 1_000), wanted.length, text)
    }),
    { numRuns: 120 },
  )
})

test('conversations come once each, the newest fitting message first, through all pages', async () => {
  for (const text of ['alpha', 'is:unread', 'in:inbox', '"alpha beta"', 'alpha OR is:starred', '-alpha', ''])
    for (const thresholds of [undefined, few]) {
      const node = withUsualScope(parseQuery(text, { now }))
      const fits = (await findMessages(db, account, node, 1_000)).map(({ threadId }) => threadId)
      const wanted = [...new Set(fits)]
      const found: string[] = []
      let place: { messageId: string; receivedAt: string } | undefined
      for (;;) {
        const page = await findThreads(db, account, node, { limit: 7, after: place }, thresholds)
        found.push(...page.map(({ threadId }) => threadId))
        if (page.length < 7) break
        place = page.at(-1)
      }
      assert.deepEqual(found, wanted, text)
      assert.ok(wanted.length > 5, text)
    }
})

test('operators find what they name', async () => {
  const count = async (text: string, options = {}) =>
    countMessages(
      db,
      account,
      withUsualScope(parseQuery(text, { now, own: ['me@x.example'], ...options })),
      1_000,
    )
  const all = messages.length
  assert.equal(await count('in:anywhere'), all)
  const inSpam = await count('in:spam')
  const inTrash = await count('in:trash')
  assert.ok(inSpam > 0 && inTrash > 0)
  assert.equal(await count(''), all - inSpam - inTrash)
  assert.equal((await count('is:unread')) + (await count('is:read')), all - inSpam - inTrash)
  assert.equal(await count('label:work-big-deals'), await count('label:"Big deals"'))
  assert.ok((await count('label:work-big-deals')) > 0)
  assert.equal(await count('label:none-such'), 0)
  assert.equal((await count('has:userlabels')) + (await count('has:nouserlabels')), await count(''))
  assert.ok((await count('from:carol')) > 0)
  assert.equal(await count('from:carol@mail.y.example'), await count('from:y.example'))
  assert.equal(await count('to:me'), all - inSpam - inTrash)
  assert.equal(await count('rfc822msgid:<m5@x.example> in:anywhere'), 1)
  assert.equal(await count('বাংলা'), await count('"বাংলা লেখা"'))
  assert.ok((await count('বাংলা')) > 0)
  assert.equal(await count('alph'), 0)
  assert.equal(await count('alph', { isTyping: true }), await count('alpha'))
  assert.equal(await count('alph*'), await count('alpha'))
  assert.equal(await count('zz*', {}), 0, 'words of the index itself are not found')
})

test('what cannot be searched for says where it is wrong, and nothing else is ever thrown', () => {
  const bad: Record<string, number> = {
    'larger:big': 7,
    'a before:2026/13/01': 9,
    'has:nothing': 4,
    'category:junk': 9,
    'newer_than:3': 11,
    'is:blue': 3,
    'from:': 5,
  }
  for (const [text, position] of Object.entries(bad))
    assert.throws(
      () => parseQuery(text),
      (error) => error instanceof SearchError && error.position === position,
      text,
    )
  assert.throws(() => parseQuery('a '.repeat(51)), SearchError)
  assert.throws(() => parseQuery('('.repeat(30)), SearchError)
  assert.throws(() => parseQuery('x'.repeat(1_001)), SearchError)
  const safe = (text: string) => {
    try {
      parseQuery(text)
    } catch (error) {
      assert.ok(error instanceof SearchError, text)
    }
  }
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), safe))
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...pieces, ...'(){}":-'), maxLength: 30 }), safe))
})

test('days begin where the person lives', () => {
  const from = (text: string, timeZone: string) => {
    const node = parseQuery(text, { timeZone })
    return node.kind === 'time' ? new Date(node.from!).toISOString() : undefined
  }
  assert.equal(from('after:2026/03/29', 'UTC'), '2026-03-29T00:00:00.000Z')
  assert.equal(from('after:2026-03-29', 'Europe/Berlin'), '2026-03-28T23:00:00.000Z')
  assert.equal(from('newer:2026-03-30', 'Europe/Berlin'), '2026-03-29T22:00:00.000Z')
  assert.equal(from('after:2026/1/5', 'Asia/Dhaka'), '2026-01-04T18:00:00.000Z')
  assert.equal(from('after:1/5/2026', 'Nowhere/Land'), '2026-01-05T00:00:00.000Z')
  const months = parseQuery('older_than:1m', { now: new Date('2026-03-31T10:00:00Z') })
  assert.deepEqual(months, { kind: 'time', before: Date.parse('2026-02-28T10:00:00Z') })
})

test('texts of any kind become words that Postgres takes', async () => {
  const { number } = account
  const id = messages[0]!.id
  const huge = Array.from({ length: 60_000 }, (_, index) => `শব্দ${index}`).join(' ')
  const texts = [
    'a'.repeat(500_000),
    huge,
    "it's \\ 'quoted' \0 \ud800 x",
    'a.'.repeat(200_000),
    '@'.repeat(100_000),
  ]
  for (const text of [...texts, ...fc.sample(fc.string({ unit: 'binary', maxLength: 300 }), 50)]) {
    const words = wordsOf({ ...textsOf(parseMessage(Buffer.from(''))), subject: text.slice(0, 900), text })
    const begun = performance.now()
    await indexMessages({ db }, [{ messageId: id, accountNumber: number, words }])
    assert.ok(performance.now() - begun < 2_000)
    const { rows } = await sql<{ count: number }>`
      select length(words) as count from message_words where message_id = ${id}`.execute(db)
    assert.equal(rows[0]!.count, words.size + 1)
  }
  const { searched } = messages[0]!
  await indexMessages({ db }, [{ messageId: id, accountNumber: number, words: searched.words }])
})

/** Undefined where an operator lacks what it works on. */
function understood(text: string): SearchNode | undefined {
  try {
    return withUsualScope(parseQuery(text, { now, own: ['me@x.example'] }))
  } catch (error) {
    assert.ok(error instanceof SearchError)
    return undefined
  }
}

const pieces = [
  'alpha',
  ' ',
  ' ',
  ' ',
  'beta',
  '"alpha beta"',
  '-',
  ' OR ',
  '(',
  ')',
  '{',
  '}',
  'gamma',
  'subject:',
  'from:carol ',
  'to:dave@x.example ',
  'has:attachment ',
  'has:pdf ',
  'filename:report ',
  'larger:600 ',
  'smaller:800 ',
  'is:unread ',
  'is:starred ',
  'in:inbox ',
  'in:trash ',
  'in:anywhere ',
  'label:work ',
  'category:social ',
  'before:2026/05/20 ',
  'newer_than:10d ',
  'is:important ',
  'বাংলা',
  'in:archive ',
  'alp*',
  'is:muted ',
  'list:news ',
  'delta-alpha ',
  'cc:me ',
]

async function newAccount(address: string): Promise<SearchedAccount> {
  const id = v7()
  await sql`insert into domains (name, is_primary) values ('x.example', true) on conflict do nothing`.execute(
    db,
  )
  await insertAccounts(db, [{ id, address, name: 'Me', language: 'en', quotaBytes: 1e9 }])
  const labels = { work: v7(), deals: v7() }
  await sql`insert into mailboxes (id, account_id, parent_id, name, uid_validity)
    values (${labels.work}, ${id}, null, 'Work', 1), (${labels.deals}, ${id}, ${labels.work}, 'Big deals', 1)`.execute(
    db,
  )
  const { number } = (await findAccount(db, id))!
  return { id, number, mailboxes: await listMailboxes(db, id) }
}

async function fill(account: SearchedAccount, count: number, into: typeof messages): Promise<void> {
  let seed = 7
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const one = <T>(list: readonly T[]) => list[random(list.length)]!
  const role = (name: string) =>
    account.mailboxes.find((each) => each.role === name || each.name === name)!.id
  const words = ['alpha', 'beta', 'gamma', 'delta', 'alpha beta', 'delta-alpha', 'বাংলা লেখা', 'dave@x.example']
  for (let index = 0; index < count; index++) {
    const text = Array.from({ length: 1 + random(6) }, () => one(words)).join(one([' ', ', ']))
    const answers =
      index > 5 && random(2) === 0 ? `In-Reply-To: <m${index - 1 - random(5)}@x.example>\r\n` : ''
    const lines = [
      `From: ${one(['Carol <carol@mail.y.example>', 'dave@x.example', 'Eve Alpha <eve@z.example>'])}`,
      `To: me@x.example${one(['', ', dave@x.example'])}`,
      `Subject: ${one(words.slice(0, 3))}`,
      `Message-ID: <m${index}@x.example>`,
      ...(random(4) === 0 ? ['List-Id: News <news.list.example>'] : []),
    ]
    const attachment = `--b\r\nContent-Type: ${one(['application/pdf', 'image/png'])}\r\nContent-Disposition: attachment; filename="${one(['report.pdf', 'cat.png'])}"\r\n\r\nx\r\n`
    const body =
      random(3) === 0
        ? `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n${attachment}--b--\r\n`
        : `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}\r\n${'x'.repeat(random(500))}\r\n`
    const parsed = parseMessage(
      Buffer.from(`${lines.join('\r\n')}\r\n${answers}MIME-Version: 1.0\r\n${body}`),
    )
    const roles = one([['inbox'], ['inbox'], ['inbox'], [], ['sent'], ['junk'], ['trash']] as const)
    const labels = one([[], [], [['Work', 'work']], [['Big deals', 'work-big-deals']]] as const)
    const state = {
      isSeen: random(2) === 0,
      isFlagged: random(5) === 0,
      keywords: random(6) === 0 ? ['$Important'] : [],
      category: one(['primary', 'social'] as const),
      receivedAt: new Date(now.getTime() - random(60) * 86_400_000 - index),
    }
    const message: NewMessage = {
      ...state,
      accountId: account.id,
      blob: `b${index}`,
      trace: '',
      parsed,
      roles,
      labelIds: labels.map(([name]) => role(name)),
      categoryReasons: [],
    }
    const [outcome] = await insertMessages(db, [message])
    assert.equal(outcome!.state, 'kept')
    if (outcome?.state !== 'kept') continue
    const isAside = roles.some((each) => each === 'junk' || each === 'trash')
    const searched = arriving(parsed, {
      ...state,
      sizeBytes: parsed.sizeBytes,
      roles: isAside ? roles : [...roles, 'all'],
      labels: labels.map(([, key]) => key),
    })
    into.push({ id: outcome.id, threadId: outcome.threadId, searched })
    await indexMessages({ db }, [
      { messageId: outcome.id, accountNumber: account.number, words: searched.words },
    ])
  }
  const { rows } = await sql<{ id: string }>`
    update threads set is_muted = true where account_id = ${account.id} and id::text < '8' and messages > 1
    returning id`.execute(db)
  const muted = new Set(rows.map(({ id }) => id))
  for (const each of into) each.searched.isMuted = muted.has(each.threadId)
  account.mailboxes = await listMailboxes(db, account.id)
}
