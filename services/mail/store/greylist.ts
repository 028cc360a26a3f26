import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

/** Whether it came at least a minute ago, and lately; notes that it came. */
export async function seenBefore(
  db: Database,
  { network, sender, recipient }: { network: string; sender: string; recipient: string },
): Promise<boolean> {
  const { rows } = await sql<{ isKnown: boolean }>`
    insert into greylist as g (network, sender, recipient) values (${network}, ${sender}, ${recipient})
    on conflict (network, sender, recipient) do update set seen_at = now()
    returning first_at < now() - interval '1 minute' as "isKnown"`.execute(db)
  return rows[0]!.isKnown
}

export async function forgetUnseen(db: Database): Promise<void> {
  await sql`
    delete from greylist where seen_at < now() - interval '35 days'
      or (seen_at < first_at + interval '1 minute' and first_at < now() - interval '1 day')`.execute(db)
}
