/** What became of a message for each of its recipients. */
import { sql } from 'kysely'
import type { OutputOf } from '#contracts/client.ts'
import type { mail } from '#contracts/mail.ts'
import type { Database } from '#platform/database/database.ts'
import { givenRows } from './given.ts'

export type RecipientState = 'queued' | 'delivered' | 'relayed' | 'delayed' | 'failed' | 'cancelled'

export interface RecipientRow {
  address: string
  notify: string | undefined
  originalRecipient: string | undefined
  state: RecipientState
  server: string | undefined
  answer: string | undefined
  status: string | undefined
  passesReports: boolean
  changedAt: Date
}

/** How an attempt ended for one recipient. */
export interface Outcome {
  address: string
  state: 'delivered' | 'relayed' | 'delayed' | 'failed'
  server: string | undefined
  answer: string
  /** RFC 3463 */
  status: string
  tls: string | undefined
  tlsPolicy: string | undefined
  passesReports?: boolean
}

const columns = sql`address, notify, original_recipient as "originalRecipient", state, server, answer, status,
  passes_reports as "passesReports", changed_at as "changedAt"`

/** Those of a domain that are still to be sent to. */
export async function waitingRecipients(
  db: Database,
  submissionId: string,
  domain: string,
): Promise<RecipientRow[]> {
  const { rows } = await sql<RecipientRow>`
    select ${columns} from recipients
    where submission_id = ${submissionId} and domain = ${domain} and state in ('queued', 'delayed')
    order by address`.execute(db)
  return rows.map(withoutNulls)
}

/** Those whose end the sender may have to be told, each given once. */
export async function takeUntold(
  tx: Database,
  submissionId: string,
  domain: string,
): Promise<RecipientRow[]> {
  const { rows } = await sql<RecipientRow>`
    update recipients set is_told = true
    where submission_id = ${submissionId} and domain = ${domain} and not is_told
      and state in ('delivered', 'relayed', 'failed')
    returning ${columns}`.execute(tx)
  return rows.map(withoutNulls)
}

export async function recordOutcomes(
  db: Database,
  submissionId: string,
  outcomes: readonly Outcome[],
): Promise<void> {
  await sql`
    update recipients r set state = given.state, server = given.server, answer = given.answer, status = given.status,
      tls = given.tls, tls_policy = given."tlsPolicy", passes_reports = coalesce(given."passesReports", false),
      attempts = attempts + 1, changed_at = clock_timestamp()
    from ${givenRows(
      outcomes,
      'address text, state text, server text, answer text, status text, tls text, "tlsPolicy" text, "passesReports" boolean',
    )}
    where r.submission_id = ${submissionId} and r.address = given.address
      and r.state not in ('delivered', 'relayed', 'failed')`.execute(db)
}

/** Gives up those of a domain that are still waiting. */
export async function failWaiting(
  tx: Database,
  submissionId: string,
  domain: string,
  { status, answer }: { status: string; answer: string },
): Promise<void> {
  await sql`
    update recipients set state = 'failed', status = ${status}, answer = coalesce(answer, ${answer}),
      changed_at = clock_timestamp()
    where submission_id = ${submissionId} and domain = ${domain} and state in ('queued', 'delayed')`.execute(
    tx,
  )
}

type Shown = OutputOf<(typeof mail)['calls']['showDelivery']>['items'][number]

/** As people see them; a message that was sent more than once, by its latest sending. */
const shownColumns = sql`r.address,
  case when r.state = 'queued' and s.due_at > now() then 'scheduled' else r.state end as state,
  r.attempts, q.next_attempt_at as "nextAttemptAt", r.server, r.answer, r.tls, r.tls_policy as "tlsPolicy",
  r.changed_at as "changedAt"`

type ShownRow = Omit<Shown, 'nextAttemptAt' | 'changedAt'> & { nextAttemptAt: Date | null; changedAt: Date }

export async function showRecipients(db: Database, messageId: string): Promise<Shown[]> {
  const { rows } = await sql<ShownRow>`
    select ${shownColumns} from submissions s join recipients r on r.submission_id = s.id
    left join queue q on q.submission_id = r.submission_id and q.domain = r.domain and r.state in ('queued', 'delayed')
    where s.id = (select id from submissions where message_id = ${messageId} order by id desc limit 1)
    order by r.address`.execute(db)
  return rows.map(shown)
}

export type DeliverySummary = 'scheduled' | 'sending' | 'delayed' | 'delivered' | 'failed'

/** Of messages of accounts; those that were never handed in are not in it. What failed for one recipient has failed. */
export async function deliverySummaries(
  db: Database,
  messageIds: readonly string[],
): Promise<Map<string, DeliverySummary>> {
  if (messageIds.length === 0) return new Map()
  const { rows } = await sql<{ messageId: string; summary: DeliverySummary }>`
    select "messageId", case
        when bool_or(state = 'failed') then 'failed'
        when bool_or(state = 'delayed') then 'delayed'
        when bool_or(state = 'queued' and due_at > now()) then 'scheduled'
        when bool_or(state = 'queued') then 'sending'
        when bool_or(state = 'cancelled') then 'failed'
        else 'delivered' end as summary
    from (
      select distinct on (message_id) message_id as "messageId", id, due_at from submissions
      where message_id = any (${messageIds}::uuid[]) order by message_id, id desc) s
    join recipients r on r.submission_id = s.id
    group by "messageId"`.execute(db)
  return new Map(rows.map(({ messageId, summary }) => [messageId, summary]))
}

type Queued = OutputOf<(typeof mail)['calls']['listQueue']>['items'][number]

/** The next one first, behind the place `after`; each with its place. */
export async function listLots(
  db: Database,
  domain: string | undefined,
  { limit, after }: { limit: number; after: string | undefined },
): Promise<{ lot: Queued; place: string }[]> {
  const [time = null, id = null, place = null] = after?.split(' ') ?? []
  const { rows } = await sql<
    Omit<Queued, 'recipients' | 'nextAttemptAt' | 'createdAt'> & {
      recipients: Shown[]
      nextAttemptAt: Date
      createdAt: Date
      place: string
    }
  >`
    select s.id, s.sender, q.domain, s.size_bytes as "sizeBytes", q.attempts, q.next_attempt_at as "nextAttemptAt",
      q.last_answer as "lastAnswer", q.is_suspended as "isSuspended", s.created_at as "createdAt",
      extract(epoch from q.next_attempt_at)::text || ' ' || s.id || ' ' || q.domain as place,
      (select coalesce(jsonb_agg(to_jsonb(one) order by one.address), '[]') from (
        select ${shownColumns} from recipients r where r.submission_id = s.id and r.domain = q.domain
        order by r.address limit 100) one) as recipients
    from queue q join submissions s on s.id = q.submission_id
    where ${domain === undefined ? sql`true` : sql`q.domain = ${domain}`}
      and ${after === undefined ? sql`true` : sql`(q.next_attempt_at, s.id, q.domain) > (to_timestamp(${time}::float8), ${id}::uuid, ${place})`}
    order by q.next_attempt_at, s.id, q.domain limit ${limit}`.execute(db)
  return rows.map(({ place, ...row }) => ({
    place,
    lot: {
      ...row,
      nextAttemptAt: row.nextAttemptAt.toISOString(),
      createdAt: row.createdAt.toISOString(),
      recipients: row.recipients.map((recipient) =>
        shown({
          ...recipient,
          nextAttemptAt: recipient.nextAttemptAt === null ? null : new Date(recipient.nextAttemptAt),
          changedAt: new Date(recipient.changedAt),
        }),
      ),
    },
  }))
}

function shown(row: ShownRow): Shown {
  return {
    ...row,
    nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
    changedAt: row.changedAt.toISOString(),
  }
}

function withoutNulls(row: RecipientRow): RecipientRow {
  return Object.fromEntries(
    Object.entries(row).map(([key, value]) => [key, value ?? undefined]),
  ) as unknown as RecipientRow
}

/** What a report of another server says of a recipient that was handed over to it. */
export interface ReportedOutcome {
  envelopeId: string | undefined
  /** Message-IDs without angle brackets. */
  messageId: string | undefined
  /** Where the report came to: the envelope sender of what it is about. */
  sender: string
  addresses: string[]
  state: 'failed' | 'delayed' | 'delivered'
  server: string | undefined
  status: string
  answer: string
}

/** Gives how many recipients it was about. Only of what another server has taken: our own findings stay. */
export async function recordReported(tx: Database, report: ReportedOutcome): Promise<number> {
  const { rows } = await sql`
    update recipients r set answer = ${report.answer}, status = ${report.status},
      server = coalesce(${report.server ?? null}, r.server), changed_at = clock_timestamp(),
      state = case when ${report.state} = 'delayed' then r.state else ${report.state} end
    from submissions s left join messages m on m.id = s.message_id
    where s.id = r.submission_id and s.sender <> '' and lower(s.sender) = lower(${report.sender})
      and (s.id::text = lower(${report.envelopeId ?? null}) or s.envelope_id = ${report.envelopeId ?? null}
        or m.message_id = ${report.messageId ?? null})
      and (lower(r.address) = any (${report.addresses.map((address) => address.toLowerCase())}::text[])
        or lower(split_part(r.original_recipient, ';', 2)) = any (${report.addresses.map((address) => address.toLowerCase())}::text[]))
      and r.state = 'relayed'
    returning r.address`.execute(tx)
  return rows.length
}
