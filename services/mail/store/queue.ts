/** What waits to leave, and who works on it. */
import { sql, type RawBuilder } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { finishSubmissions } from './submissions.ts'

export interface Lot {
  submissionId: string
  domain: string
  attempts: number
  /** One of our own domains. */
  isLocal: boolean
}

/** By the clock of the database, which all that share the queue have in common. */
export const leaseSeconds = 120

/** The earliest that are due, for whoever asks alone. None for the domains `busy`, unless they are ours. */
export async function claimLots(
  db: Database,
  {
    owner,
    now,
    limit,
    busy,
  }: { owner: string; now: Date; limit: number; busy: readonly string[] | 'allRemote' },
): Promise<Lot[]> {
  const isOurs = sql`exists (select from domains d where d.name = q.domain)`
  const isFree = busy === 'allRemote' ? isOurs : sql`(q.domain <> all (${busy}::text[]) or ${isOurs})`
  const { rows } = await sql<Lot>`
    with due as (
      select submission_id, domain from queue q
      where next_attempt_at <= ${now} and not is_suspended
        and (leased_until is null or leased_until < clock_timestamp()) and ${isFree}
      order by next_attempt_at limit ${limit} for update skip locked)
    update queue q set leased_by = ${owner}, leased_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    from due where q.submission_id = due.submission_id and q.domain = due.domain
    returning q.submission_id as "submissionId", q.domain, q.attempts, ${isOurs} as "isLocal"`.execute(db)
  return rows
}

/** Gives those that are still the owner's, for as long again. */
export async function renewLeases(db: Database, owner: string, lots: readonly Lot[]): Promise<Set<Lot>> {
  const { rows } = await sql<{ id: string; domain: string }>`
    update queue q set leased_until = clock_timestamp() + make_interval(secs => ${leaseSeconds})
    from ${lotKeys(lots)}
    where q.submission_id = given.id and q.domain = given.domain
      and leased_by = ${owner} and leased_until > clock_timestamp()
    returning q.submission_id as id, q.domain`.execute(db)
  const renewed = new Set(rows.map(({ id, domain }) => `${id} ${domain}`))
  return new Set(lots.filter(({ submissionId, domain }) => renewed.has(`${submissionId} ${domain}`)))
}

/** Gives lots back without an attempt; they wait until then. */
export async function parkLots(
  db: Database,
  owner: string,
  lots: readonly Lot[],
  until: Date,
): Promise<void> {
  await sql`
    update queue q set leased_by = null, leased_until = null, next_attempt_at = greatest(next_attempt_at, ${until})
    from ${lotKeys(lots)}
    where q.submission_id = given.id and q.domain = given.domain and leased_by = ${owner}`.execute(db)
}

/** What a lot becomes after an attempt: it waits again, or there is nothing left of it. */
export async function settleLot(
  tx: Database,
  { submissionId, domain }: Lot,
  outcome: { nextAttemptAt: Date | undefined; lastAnswer: string | undefined; isDelayTold: boolean },
): Promise<void> {
  if (outcome.nextAttemptAt)
    await sql`
      update queue set leased_by = null, leased_until = null, attempts = attempts + 1,
        next_attempt_at = ${outcome.nextAttemptAt}, last_answer = coalesce(${outcome.lastAnswer ?? null}, last_answer),
        is_delay_told = is_delay_told or ${outcome.isDelayTold}
      where submission_id = ${submissionId} and domain = ${domain}`.execute(tx)
  else {
    await sql`select from submissions where id = ${submissionId} for update`.execute(tx)
    await sql`delete from queue where submission_id = ${submissionId} and domain = ${domain}`.execute(tx)
    await finishSubmissions(tx, [submissionId])
  }
}

/** Locks it. Undefined when it is not the owner's any more: somebody gave it up, or took it over. */
export async function lockLot(
  tx: Database,
  owner: string,
  { submissionId, domain }: Lot,
): Promise<{ attempts: number; isDelayTold: boolean } | undefined> {
  const { rows } = await sql<{ attempts: number; isDelayTold: boolean }>`
    select attempts, is_delay_told as "isDelayTold" from queue
    where submission_id = ${submissionId} and domain = ${domain} and leased_by = ${owner} for update`.execute(
    tx,
  )
  return rows[0]
}

/** The first moment after now at which something becomes due. */
export async function nextDueAt(db: Database, now: Date): Promise<Date | undefined> {
  const { rows } = await sql<{ dueAt: Date | null }>`
    select min(next_attempt_at) as "dueAt" from queue where next_attempt_at > ${now} and not is_suspended`.execute(
    db,
  )
  return rows[0]?.dueAt ?? undefined
}

export type QueueAction = 'suspend' | 'resume' | 'retry' | 'cancel'

export interface QueueChoice {
  id: string | undefined
  domain: string | undefined
}

/** Gives how many messages it was done to. */
export async function changeLots(tx: Database, choice: QueueChoice, action: QueueAction): Promise<number> {
  if (action === 'cancel') return cancelLots(tx, choice)
  const change = {
    suspend: sql`is_suspended = true`,
    resume: sql`is_suspended = false`,
    retry: sql`is_suspended = false, next_attempt_at = least(next_attempt_at, now())`,
  }[action]
  const { rows } = await sql<{ id: string }>`
    update queue set ${change} where ${chosen(choice)} returning submission_id as id`.execute(tx)
  return new Set(rows.map(({ id }) => id)).size
}

async function cancelLots(tx: Database, choice: QueueChoice): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    with given_up as (delete from queue where ${chosen(choice)} returning submission_id, domain)
    update recipients r set state = 'cancelled', changed_at = clock_timestamp() from given_up
    where r.submission_id = given_up.submission_id and r.domain = given_up.domain and state in ('queued', 'delayed')
    returning r.submission_id as id`.execute(tx)
  const ids = [...new Set(rows.map(({ id }) => id))]
  await finishSubmissions(tx, ids)
  return ids.length
}

function chosen({ id, domain }: QueueChoice): RawBuilder<boolean> {
  const ofMessage = id === undefined ? sql`true` : sql`submission_id = ${id}`
  const ofDomain = domain === undefined ? sql`true` : sql`domain = ${domain}`
  return sql<boolean>`${ofMessage} and ${ofDomain}`
}

export interface QueueLength {
  messages: number
  /** Of what should have left longest ago; 0 where nothing should have. */
  oldestSeconds: number
}

export async function measureQueue(db: Database): Promise<QueueLength> {
  const { rows } = await sql<QueueLength>`
    select count(*)::int as messages,
      coalesce(greatest(0, extract(epoch from now() - min(s.due_at))), 0)::float8 as "oldestSeconds"
    from queue q join submissions s on s.id = q.submission_id`.execute(db)
  return rows[0]!
}

function lotKeys(lots: readonly Lot[]): RawBuilder<unknown> {
  const ids = lots.map(({ submissionId }) => submissionId)
  const domains = lots.map(({ domain }) => domain)
  return sql`unnest(${ids}::uuid[], ${domains}::text[]) as given (id, domain)`
}
