import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { mail } from '#contracts/mail.ts'
import type { Database } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import type { Identity } from '#platform/identity.ts'
import { defineService } from '#platform/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { settings } from '../settings.ts'
import { deliverySummaries } from '../store/recipients.ts'
import { deliveryCalls } from './calls.ts'
import { submit, type Submission } from './submit.ts'
import { addAccount, ourDomain } from './testing.ts'

/** The calls of delivery alone, behind the contract of the whole service. */
const service = defineService({
  contract: { ...mail, calls: pick(mail.calls, ['showDelivery', 'listQueue', 'changeQueue']), streams: {} },
  migrations: new URL('../migrations/', import.meta.url),
  settings,
  calls: deliveryCalls,
} as never)

function pick<T extends object, K extends keyof T>(from: T, names: K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>
}

const blob = 'b'.repeat(64)

describe('calls of delivery', () => {
  let host: TestHost
  let pool: ReturnType<typeof openDatabase>
  let db: Database
  before(async () => {
    host = await testHost({ services: [service] })
    pool = openDatabase({ url: host.databaseUrl })
    db = pool.forService('mail')
  })
  after(async () => {
    await pool[Symbol.asyncDispose]()
    await host[Symbol.asyncDispose]()
  })
  const client = (as?: Identity) => host.client(mail, as)
  const queue = async (options: Partial<Submission>, ...addresses: string[]) =>
    submit(
      db,
      { blob, sizeBytes: 5, sender: `a@${ourDomain}`, ...options },
      addresses.map((address) => ({ address })),
    )
  const state = (address: string, to: string) =>
    sql`update recipients set state = ${to} where address = ${address}`.execute(db)

  test('the queue is listed in pages, the next one first, and by domain', async () => {
    const at = (minutes: number) => ({ dueAt: new Date(Date.now() + minutes * 60_000) })
    const ids = [
      await queue(at(3), 'c@c.example'),
      await queue(at(1), 'a@a.example', 'b@a.example'),
      await queue(at(2), 'x@bücher.example'),
    ]
    const first = await client().listQueue({ limit: 2 })
    assert.deepEqual(
      first.items.map(({ id, domain }) => [id, domain]),
      [
        [ids[1], 'a.example'],
        [ids[2], 'xn--bcher-kva.example'],
      ],
    )
    assert.deepEqual(
      first.items[0]!.recipients.map(({ address, state }) => [address, state]),
      [
        ['a@a.example', 'scheduled'],
        ['b@a.example', 'scheduled'],
      ],
    )
    const second = await client().listQueue({ limit: 2, cursor: first.nextCursor! })
    assert.deepEqual([second.items.map(({ id }) => id), second.nextCursor], [[ids[0]], null])
    assert.equal((await client().listQueue({ domain: 'Bücher.example' })).items.length, 1)
    await assert.rejects(client().listQueue({ cursor: 'x' }), { code: 'invalid' })
    assert.deepEqual(await client().changeQueue({ action: 'cancel' }), { messages: 3 })
    assert.deepEqual((await client().listQueue({})).items, [])
  })

  test('admins hold, let go, hurry and give up: a message, a domain, everything', async () => {
    const later = { dueAt: new Date(Date.now() + 600_000) }
    const one = await queue(later, 'a@one.example', 'a@two.example')
    await queue(later, 'b@one.example')
    assert.deepEqual(await client().changeQueue({ domain: 'one.example', action: 'suspend' }), {
      messages: 2,
    })
    const suspended = async () =>
      (await client().listQueue({})).items.filter(({ isSuspended }) => isSuspended).length
    assert.equal(await suspended(), 2)
    assert.deepEqual(await client().changeQueue({ id: one, action: 'resume' }), { messages: 1 })
    assert.equal(await suspended(), 1)
    assert.deepEqual(await client().changeQueue({ id: one, domain: 'two.example', action: 'retry' }), {
      messages: 1,
    })
    const [next] = (await client().listQueue({ limit: 1 })).items
    assert.equal(next!.domain, 'two.example')
    assert.ok(Date.parse(next!.nextAttemptAt) <= Date.now())
    assert.deepEqual(await client().changeQueue({ action: 'cancel' }), { messages: 2 })
    const { rows } = await sql`select from submissions where blob is not null`.execute(db)
    assert.equal(rows.length, 0)
    const { rows: loose } = await sql<{ blob: string }>`select blob from loose_blobs`.execute(db)
    assert.deepEqual(loose, [{ blob }])
  })

  test('who sent a message sees what became of it, nobody else', async () => {
    const accountId = await addAccount(db, { address: `a@${ourDomain}`, language: 'en' })
    const messageId = await addMessage(db, accountId)
    await queue({ accountId, messageId }, 'a@x.example', 'b@x.example')
    await state('b@x.example', 'relayed')
    const as = (id: string): Identity =>
      ({ kind: 'account', accountId: id, sessionId: v7(), roles: ['staff'] }) as never
    const { items } = await client(as(accountId)).showDelivery({ messageId })
    assert.deepEqual(
      items.map(({ address, state, nextAttemptAt }) => [address, state, nextAttemptAt === null]),
      [
        ['a@x.example', 'queued', false],
        ['b@x.example', 'relayed', true],
      ],
    )
    await assert.rejects(client(as(v7())).showDelivery({ messageId }), { code: 'notFound' })
    await assert.rejects(client(as(accountId)).listQueue({}), { code: 'forbidden' })
  })

  test('many messages are summarised at once', async () => {
    const accountId = await addAccount(db, { address: `b@${ourDomain}`, language: 'en' })
    const summary = async (states: string[], dueAt?: Date) => {
      const messageId = await addMessage(db, accountId)
      const addresses = states.map((_, n) => `${messageId}${n}@x.example`)
      await queue({ messageId, ...(dueAt && { dueAt }) }, ...addresses)
      for (const [n, to] of states.entries()) await state(addresses[n]!, to)
      return messageId
    }
    const cases: [string, string[], Date?][] = [
      ['delivered', ['delivered', 'relayed']],
      ['failed', ['delivered', 'failed', 'queued']],
      ['delayed', ['delayed', 'delivered']],
      ['sending', ['queued', 'delivered']],
      ['scheduled', ['queued', 'queued'], new Date(Date.now() + 60_000)],
    ]
    const ids = await Promise.all(cases.map(([, states, dueAt]) => summary(states, dueAt)))
    const never = await addMessage(db, accountId)
    const found = await deliverySummaries(db, [...ids, never])
    assert.deepEqual(
      ids.map((id) => found.get(id)),
      cases.map(([wanted]) => wanted),
    )
    assert.equal(found.has(never), false)
    assert.equal((await deliverySummaries(db, [])).size, 0)
  })
})

async function addMessage(db: Database, accountId: string): Promise<string> {
  const [id, threadId] = [v7(), v7()]
  await sql`insert into contents (blob, size_bytes, structure) values (${blob}, 5, '{}') on conflict do nothing`.execute(
    db,
  )
  await sql`insert into threads (id, account_id, base_subject) values (${threadId}, ${accountId}, '')`.execute(
    db,
  )
  await sql`
    insert into messages (id, account_id, thread_id, blob, size_bytes, received_at, subject, addresses, sender_address, snippet, modseq)
    values (${id}, ${accountId}, ${threadId}, ${blob}, 5, now(), '', '{}', '', '', 1)`.execute(db)
  return id
}
