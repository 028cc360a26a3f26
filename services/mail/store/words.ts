/** The index of words. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

export interface WordsRow {
  messageId: string
  /** As Postgres reads a tsvector. */
  words: string
}

/** Messages that have gone meanwhile are left out. */
export async function insertWords(tx: Database, rows: readonly WordsRow[]): Promise<void> {
  if (rows.length === 0) return
  const ids = rows.map(({ messageId }) => messageId)
  await sql`
    with kept as (
      select id from messages where id = any (${ids}::uuid[]) order by id for key share
    ), indexed as (
      insert into message_words (message_id, words)
      select id, words::tsvector
      from unnest(${ids}::uuid[], ${rows.map(({ words }) => words)}::text[]) given (id, words) join kept using (id)
      order by id
      on conflict (message_id) do update set words = excluded.words
    )
    delete from unindexed_messages where message_id = any (${ids}::uuid[])`.execute(tx)
}

export interface UnindexedMessage {
  messageId: string
  accountNumber: number
  blob: string
}

/** The newest first, as these are looked for; those before the message `before` where it is given. */
export async function unindexedMessages(
  db: Database,
  { before, limit }: { before: string | undefined; limit: number },
): Promise<UnindexedMessage[]> {
  const { rows } = await sql<UnindexedMessage>`
    select u.message_id as "messageId", a.number as "accountNumber", m.blob
    from unindexed_messages u join messages m on m.id = u.message_id join accounts a on a.id = m.account_id
    where ${before === undefined ? sql`true` : sql`u.message_id < ${before}`}
    order by u.message_id desc limit ${limit}`.execute(db)
  return rows
}
