import { v7 } from 'uuid'
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { withUsualScope } from '#services/mail/search/ast.ts'
import { parseQuery } from '#services/mail/search/query.ts'
import { tsvectorOf, wordsOf } from '#services/mail/search/words.ts'
import { insertAccounts } from '#services/mail/store/accounts.ts'
import { listMailboxes } from '#services/mail/store/mailboxes.ts'
import { findThreads, type SearchedAccount } from '#services/mail/store/search.ts'
import type { Bench } from './bench.ts'

const messages = Number(process.env.BENCH_MESSAGES ?? 100_000)
const rounds = 30
const pageSize = 50
const batch = 2_000
/** Words of 1,000,000 are as common as those of a language are: the n-th comes 1/n as often as the first. */
const vocabulary = 200_000

const searches = {
  'rare word': ['rareword17', 'rareword423'],
  phrase: ['"unusual combination"', '"w3 w9"', '"w40 w41"'],
  'common word': ['w1', 'w5'],
  'less common word': ['w60'],
  'from address': ['from:person77@company17.example', 'from:person912@company12.example'],
  'from domain': ['from:company3.example'],
  'word and marks': ['w90 is:unread has:attachment'],
  'words or': ['w300 OR w400 -w2'],
  'label and date': ['label:projects after:2025/06/01'],
  'marks alone': ['is:starred', 'is:unread larger:20k'],
  'nothing fits': ['larger:400M', 'w1 larger:400M'],
} as const

export default {
  name: 'mail-search',
  summary:
    `Milliseconds (median and 95th percentile) of a search page of ${pageSize} conversations in an account of ` +
    `${messages} messages, beside another one of that size in the same tables.`,
  async run() {
    await using server = await testDatabase(
      [{ name: 'mail', migrations: new URL('../services/mail/migrations/', import.meta.url) }],
      // For the index, which is made at once.
      { statementTimeoutMs: 300_000 },
    )
    const db = server.forService('mail')
    const account = await fill(db)
    const table = []
    const ratios: Record<string, number> = {}
    for (const [name, queries] of Object.entries(searches)) {
      const times: number[] = []
      let found = 0
      for (let round = 0; round < rounds; round++)
        for (const query of queries) {
          const node = withUsualScope(parseQuery(query))
          const begun = performance.now()
          const page = await findThreads(db, account, node, { limit: pageSize + 1 })
          // The first finds pages that are not in memory yet.
          if (round > 0) times.push(performance.now() - begun)
          if (round === 0 && page.length === pageSize + 1)
            await timed(times, () =>
              findThreads(db, account, node, { limit: pageSize + 1, after: page.at(-1) }),
            )
          found = Math.max(found, page.length)
        }
      const [p50, p95] = [percentile(times, 0.5), percentile(times, 0.95)]
      ratios[`${name.replaceAll(' ', '_')}_ms`] = p95
      table.push({ name, p50, p95, conversations: found })
    }
    return { ratios, table }
  },
} satisfies Bench

async function timed(times: number[], work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now()
  await work()
  times.push(performance.now() - begun)
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]! * 10) / 10
}

/** Two accounts of the same messages. The index is made last, as that is quicker. */
async function fill(db: Database): Promise<SearchedAccount> {
  const ids = [v7(), v7()]
  await sql`insert into domains (name) values ('x.example')`.execute(db)
  await insertAccounts(
    db,
    ids.map((id, index) => ({
      id,
      address: `a${index}@x.example`,
      name: '',
      language: 'en',
      quotaBytes: 1e12,
    })),
  )
  for (const id of ids)
    await sql`insert into mailboxes (id, account_id, name, uid_validity) values (${v7()}, ${id}, 'Projects', 1)`.execute(
      db,
    )
  await sql`insert into contents (blob, size_bytes, structure) values ('b', 1, '{}')`.execute(db)
  await sql`drop index message_words_words_idx`.execute(db)
  for (let first = 0; first < messages; first += batch) await insertBatch(db, ids, first)
  await sql`create index message_words_words_idx on message_words using gin (words)`.execute(db)
  await sql`update mailboxes b set messages = (select count(*) from mailbox_messages where mailbox_id = b.id)`.execute(
    db,
  )
  for (const each of ['messages', 'message_words', 'mailbox_messages', 'threads', 'mailboxes'])
    await sql`vacuum analyze ${sql.table(each)}`.execute(db)
  const { rows } = await sql<{ number: number }>`select number from accounts where id = ${ids[0]}`.execute(db)
  const { rows: sizes } = await sql<{ rows: string; index: string }>`
    select pg_size_pretty(pg_table_size('message_words')) as rows, pg_size_pretty(pg_indexes_size('message_words')) as index`.execute(
    db,
  )
  console.log(`words: ${sizes[0]!.rows}, index: ${sizes[0]!.index}`)
  return { id: ids[0]!, number: rows[0]!.number, mailboxes: await listMailboxes(db, ids[0]!) }
}

let seed = 11
function random(): number {
  seed = (seed * 48_271) % 2_147_483_647
  return seed / 2_147_483_647
}

function randomText(index: number): string {
  const count = 40 + Math.floor(random() * 220)
  const words: string[] = []
  for (let each = 0; each < count; each++) words.push(`w${Math.floor(vocabulary ** random())}`)
  if (index % 1_000 === 17) words.push(`rareword${Math.floor(index / 1_000) % 500}`, 'rareword423')
  if (index % 500 === 3) words.push('unusual', 'combination')
  return words.join(' ')
}

async function insertBatch(db: Database, accountIds: readonly string[], first: number): Promise<void> {
  const rows = Array.from({ length: Math.min(batch, messages - first) }, (_, offset) => {
    const index = first + offset
    const address = `person${index % 2_000}@company${index % 20}.example`
    const isFile = random() < 0.2
    const words = wordsOf({
      subject: `w${Math.floor(vocabulary ** random())} subject ${index % 97}`,
      from: [{ name: `Person ${index % 100}`, address }],
      to: [{ name: '', address: 'a@x.example' }],
      cc: [],
      bcc: [],
      list: '',
      attachments: isFile ? [{ fileName: 'report.pdf', mediaType: 'application/pdf', isInline: false }] : [],
      text: randomText(index),
      messageId: `${index}@x.example`,
    })
    return {
      words: tsvectorOf(words, 0),
      thread: Math.floor(index / 3),
      seen: random() < 0.8,
      flagged: random() < 0.01,
      size: Math.floor(2_000 + random() ** 6 * 1_000_000),
      place: random() < 0.03 ? 'junk' : random() < 0.02 ? 'trash' : random() < 0.1 ? 'inbox' : 'archive',
      projects: random() < 0.05,
    }
  })
  for (const accountId of accountIds)
    await sql`
      with account as (select id, number from accounts where id = ${accountId}),
      given as (
        select (row_number() over ())::int + ${first}::int as index, * from unnest(
          ${rows.map(({ words }) => words)}::text[], ${rows.map(({ thread }) => thread)}::int[],
          ${rows.map(({ seen }) => seen)}::boolean[], ${rows.map(({ flagged }) => flagged)}::boolean[],
          ${rows.map(({ size }) => size)}::bigint[], ${rows.map(({ place }) => place)}::text[],
          ${rows.map(({ projects }) => projects)}::boolean[]
        ) rows (words, thread, seen, flagged, size, place, projects)
      ), named as materialized (
        select *, md5(${accountId} || ' ' || index)::uuid as id, md5(${accountId} || 'thread ' || thread)::uuid as thread_id from given
      ), made as (
        insert into threads (id, account_id, base_subject) select distinct thread_id, ${accountId}::uuid, '' from named
        on conflict do nothing
      ), kept as (
        insert into messages (id, account_id, thread_id, blob, size_bytes, received_at, message_id, subject, addresses, sender_address, snippet, is_seen, is_flagged, modseq)
        select id, ${accountId}, thread_id, 'b', size, timestamptz '2026-06-01' - interval '9 minutes' * (${messages}::int - index),
          index || '@x.example', 'subject ' || index, '{"from":[]}', 'someone@x.example', repeat('snippet ', 20), seen, flagged, 1 from named
      ), placed as (
        insert into mailbox_messages (mailbox_id, uid, message_id, account_id, modseq)
        select b.id, index, named.id, ${accountId}, 1 from named join mailboxes b on b.account_id = ${accountId}
          and (b.role = place or (b.role = 'all' and place in ('inbox', 'archive')) or (b.name = 'Projects' and projects))
      )
      insert into message_words (message_id, words)
      select named.id, replace(words, ''':account:0''', ''':account:' || number || '''')::tsvector from named, account
      order by index`.execute(db)
}
