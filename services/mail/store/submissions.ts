import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { givenRows } from './given.ts'

export interface NewSubmission {
  id: string
  accountId: string | undefined
  messageId: string | undefined
  blob: string
  prefix: string
  signature: string | undefined
  sender: string
  returns: 'FULL' | 'HDRS' | undefined
  envelopeId: string | undefined
  sizeBytes: number
  dueAt: Date | undefined
}

export interface NewRecipient {
  address: string
  domain: string
  notify: string | undefined
  originalRecipient: string | undefined
}

export interface SubmissionRow extends Omit<NewSubmission, 'dueAt' | 'accountId' | 'messageId'> {
  accountId: string | null
  messageId: string | null
  dueAt: Date
  /** Of the account, `en` where there is none. */
  language: string
}

export async function insertSubmission(
  tx: Database,
  given: NewSubmission,
  recipients: readonly NewRecipient[],
): Promise<void> {
  await sql`
    insert into submissions
      (id, account_id, message_id, blob, prefix, signature, sender, returns, envelope_id, size_bytes, due_at)
    values (${given.id}, ${given.accountId ?? null}, ${given.messageId ?? null}, ${given.blob}, ${given.prefix},
      ${given.signature ?? null}, ${given.sender}, ${given.returns ?? null}, ${given.envelopeId ?? null},
      ${given.sizeBytes}, coalesce(${given.dueAt ?? null}::timestamptz, now()))`.execute(tx)
  await sql`
    with made as (
      insert into recipients (submission_id, address, domain, notify, original_recipient)
      select ${given.id}::uuid, address, domain, notify, "originalRecipient"
      from ${givenRows(recipients, 'address text, domain text, notify text, "originalRecipient" text')}
      on conflict do nothing returning domain)
    insert into queue (submission_id, domain, next_attempt_at)
    select distinct ${given.id}::uuid, domain, coalesce(${given.dueAt ?? null}::timestamptz, now())
    from made`.execute(tx)
}

/** Undefined when it is gone or through. */
export async function findSubmission(
  db: Database,
  id: string,
): Promise<(SubmissionRow & { blob: string }) | undefined> {
  const { rows } = await sql<SubmissionRow & { blob: string; returns: 'FULL' | 'HDRS' }>`
    select s.id, account_id as "accountId", message_id as "messageId", blob, prefix, signature, sender, returns,
      envelope_id as "envelopeId", size_bytes as "sizeBytes", due_at as "dueAt", coalesce(a.language, 'en') as language
    from submissions s left join accounts a on a.id = account_id
    where s.id = ${id} and blob is not null`.execute(db)
  const row = rows[0]
  return (
    row && {
      ...row,
      signature: row.signature ?? undefined,
      returns: row.returns ?? undefined,
      envelopeId: row.envelopeId ?? undefined,
    }
  )
}

/** Keeps the first signature and gives what is kept. */
export async function keepSignature(db: Database, id: string, signature: string): Promise<string> {
  const { rows } = await sql<{ signature: string }>`
    update submissions set signature = coalesce(signature, ${signature}) where id = ${id}
    returning signature`.execute(db)
  return rows[0]?.signature ?? signature
}

/** False when something of it has left, is leaving or is decided. Locks the queue before the submission, as all do. */
export async function cancelSubmission(tx: Database, id: string): Promise<boolean> {
  const { rows } = await sql<{ isUntouched: boolean }>`
    select attempts = 0 and (leased_until is null or leased_until < clock_timestamp()) as "isUntouched" from queue
    where submission_id = ${id} order by domain for update`.execute(tx)
  const { rows: decided } = await sql`
    select from recipients where submission_id = ${id} and state <> 'queued' limit 1`.execute(tx)
  if (rows.length === 0 || decided.length > 0 || rows.some(({ isUntouched }) => !isUntouched)) return false
  await sql`delete from queue where submission_id = ${id}`.execute(tx)
  await sql`
    update recipients set state = 'cancelled', changed_at = clock_timestamp()
    where submission_id = ${id}`.execute(tx)
  await finishSubmissions(tx, [id])
  return true
}

/** Lets go of the bytes of those of which nothing is queued any more. */
export async function finishSubmissions(tx: Database, ids: readonly string[]): Promise<void> {
  await sql`
    with done as (
      select s.id, s.blob from submissions s
      where s.id = any (${ids}::uuid[]) and s.blob is not null
        and not exists (select from queue q where q.submission_id = s.id)
      for update),
    loose as (
      insert into loose_blobs (blob) select distinct blob from done on conflict (blob) do update set since = now())
    update submissions s set blob = null, prefix = '', signature = null, finished_at = now()
    from done where s.id = done.id`.execute(tx)
}

/** Of those that are through since then, what no message of an account refers to. */
export async function forgetSubmissions(db: Database, finishedBefore: Date): Promise<void> {
  await sql`
    delete from submissions where finished_at < ${finishedBefore} and message_id is null`.execute(db)
}

/** To how many recipients an account has sent within the last hour. */
export async function recentRecipients(db: Database, accountId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from submissions s join recipients r on r.submission_id = s.id
    where s.account_id = ${accountId} and s.created_at > now() - interval '1 hour'`.execute(db)
  return rows[0]!.count
}

/** Of a message that an account has sent. */
export async function submissionOfMessage(
  db: Database,
  accountId: string,
  messageId: string,
): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`
    select id from submissions where account_id = ${accountId} and message_id = ${messageId} order by id desc limit 1`.execute(
    db,
  )
  return rows[0]?.id
}

export async function isOwnMessage(db: Database, accountId: string, messageId: string): Promise<boolean> {
  const { rows } = await sql`
    select from messages where id = ${messageId} and account_id = ${accountId}`.execute(db)
  return rows.length === 1
}
