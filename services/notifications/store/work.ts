/** What the roles of the channels do with their notifications. Each change is one statement, its history with it. */
import { sql, type RawBuilder } from 'kysely'
import type { z } from 'zod'
import type { Topic } from '#contracts/identity/profiles.ts'
import type { Channel } from '#contracts/notifications.ts'
import type { Database } from '#platform/database/database.ts'
import { changed } from './notifications.ts'

/** One that a role has taken up. Nobody else works on it until its lease is over. */
export interface Claimed {
  id: string
  /** Whoever takes it up later has a higher one. */
  claims: number
  accountId: string | null
  channel: Channel
  topic: z.output<typeof Topic>
  template: string
  language: 'en' | 'bn'
  isSecret: boolean
  recipient: string | null
  variables: Buffer | null
  attempts: number
  createdAt: Date
  /** An attempt had begun, and nobody knows how it ended. */
  isCutOff: boolean
}

/** How long a process may be silent about what it has taken up, before another one takes it up. */
const lease = sql`interval '60 s'`

/** Makes those due that no role has taken on yet. */
export async function takeOn(tx: Database, ids: readonly string[]): Promise<void> {
  await sql`
    update notifications set due_at = now()
    where id = any(${ids}::uuid[]) and state = 'queued' and due_at is null`.execute(tx)
}

/** Takes up those that are due; secrets first, as people wait for their codes. */
export async function claim(db: Database, channel: Channel, limit: number): Promise<Claimed[]> {
  const secrets = await claimSome(db, channel, true, limit)
  if (secrets.length === limit) return secrets
  return [...secrets, ...(await claimSome(db, channel, false, limit - secrets.length))]
}

async function claimSome(
  db: Database,
  channel: Channel,
  isSecret: boolean,
  limit: number,
): Promise<Claimed[]> {
  const { rows } = await sql<Claimed>`
    update notifications set due_at = now() + ${lease}, claims = claims + 1
    where id in (
      select id from notifications where channel = ${channel} and is_secret = ${isSecret} and due_at <= now()
      order by due_at limit ${limit} for update skip locked
    )
    returning id, claims, account_id as "accountId", channel, topic, template, language, is_secret as "isSecret",
      recipient, variables, attempts, created_at as "createdAt", state = 'sending' as "isCutOff"`.execute(db)
  return rows
}

/** Milliseconds until the next is due; undefined when none waits. */
export async function msUntilDue(db: Database, channel: Channel): Promise<number | undefined> {
  const { rows } = await sql<{ ms: number | null }>`
    select (extract(epoch from least((${firstDue(channel, true)}), (${firstDue(channel, false)})) - now()) * 1000)::float8
      as ms`.execute(db)
  return rows[0]?.ms ?? undefined
}

const firstDue = (channel: Channel, isSecret: boolean) => sql`
  select min(due_at) from notifications
  where channel = ${channel} and is_secret = ${isSecret} and due_at is not null`

export interface Addressed {
  recipient: string
  language: 'en' | 'bn'
  /** Sealed. */
  rendering: Buffer
}

/** Counts an attempt that begins now. False, like all that follow, when another process has taken it up since. */
export function begin(
  db: Database,
  claimed: Claimed,
  { recipient, language, rendering }: Addressed,
): Promise<boolean> {
  const values = sql`attempts = attempts + 1, due_at = now() + ${lease}, recipient = ${recipient},
    language = ${language}, rendering = ${rendering}`
  return change(db, claimed, 'sending', null, values)
}

/** A secret one loses what it was made of, unless it is kept to be read. */
export function settle(
  db: Database,
  claimed: Claimed,
  state: 'delivered' | 'skipped' | 'failed',
  detail: string | null,
): Promise<boolean> {
  return change(
    db,
    claimed,
    state,
    detail,
    sql`due_at = null,
      variables = case when is_secret then null else variables end,
      rendering = case when is_secret then null else rendering end`,
  )
}

export function keep(
  db: Database,
  claimed: Claimed,
  { recipient, language, rendering }: Addressed,
  detail: string,
): Promise<boolean> {
  const values = sql`due_at = null, recipient = ${recipient}, language = ${language}, rendering = ${rendering}`
  return change(db, claimed, 'kept', detail, values)
}

/** For later. The history has each reason once in a row. */
export async function putOff(
  db: Database,
  claimed: Claimed,
  delayMs: number,
  detail: string,
): Promise<boolean> {
  return change(db, claimed, 'queued', detail, sql`due_at = now() + ${delayMs} * interval '1 ms'`)
}

/** Writes into the history that an attempt was cut off; it goes on. */
export function noteCutOff(db: Database, claimed: Claimed, detail: string): Promise<boolean> {
  return change(db, claimed, 'queued', detail, sql`due_at = due_at`)
}

async function change(
  db: Database,
  { id, claims }: Claimed,
  state: string,
  detail: string | null,
  values: RawBuilder<unknown>,
): Promise<boolean> {
  const { rows } = await sql`
    with changed as (
      update notifications set state = ${state}, ${values}, ${changed}
      where id = ${id} and claims = ${claims} returning id
    ), noted as (
      insert into notification_events (notification_id, state, detail)
      select id, ${state}, ${detail} from changed
      where not coalesce((
        select state = ${state} and detail = ${detail} from notification_events
        where notification_id = ${id} order by notification_events.id desc limit 1
      ), false)
    )
    select id from changed`.execute(db)
  return rows.length > 0
}
