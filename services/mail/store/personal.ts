import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** The messages themselves come by the export of mail, as mbox files. */
const mostListed = 5_000

/** What is kept of an account: settings, contacts, and of messages what lists show. */
export async function personalDataOf(db: Database, accountId: string): Promise<object> {
  const { rows } = await sql<{ content: object }>`
    select jsonb_build_object(
      'account', (select to_jsonb(a) - 'number' from accounts a where id = ${accountId}),
      'mailboxes', (select jsonb_agg(jsonb_build_object('name', name, 'role', role, 'messages', messages)) from mailboxes where account_id = ${accountId}),
      'contacts', (select jsonb_agg(to_jsonb(c) - 'account_id') from (select * from correspondents where account_id = ${accountId} limit ${mostListed}) c),
      'drafts', (select jsonb_agg(content) from drafts where account_id = ${accountId}),
      'messages', (select jsonb_agg(jsonb_build_object('receivedAt', received_at, 'from', addresses->'from', 'to', addresses->'to', 'subject', subject, 'sizeBytes', size_bytes))
        from (select * from messages where account_id = ${accountId} order by received_at desc limit ${mostListed}) m),
      'isComplete', (select count(*) <= ${mostListed} from messages where account_id = ${accountId})
    ) as content`.execute(db)
  return rows[0]!.content
}
