/** What the tests of rules share: people with mailboxes, mail that comes to them, and what leaves. */
import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { Client } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import type { Database } from '#platform/database/database.ts'
import type { Identity } from '#platform/identity.ts'
import { defineService } from '#platform/service.ts'
import { testHost } from '#platform/testing/host.ts'
import { takeIn } from '../arrival/take-in.ts'
import { changingCalls } from '../changing/calls.ts'
import { parseMessage } from '../mime/parse.ts'
import { openStored } from '../reading/stored.ts'
import { searchCalls } from '../search/calls.ts'
import { indexMessages } from '../search/indexing.ts'
import { textsOf } from '../search/words.ts'
import { settings, type Context } from '../settings.ts'
import { findAccount, insertAccounts } from '../store/accounts.ts'
import { insertMessages, type NewMessage } from '../store/arrivals.ts'
import { ruleCalls } from './calls.ts'
import { openRules, type OpenRules } from './open.ts'

export interface RulesScene extends AsyncDisposable {
  context: Context
  db: Database
  rules: OpenRules
  me: string
  other: string
  as(accountId: string): Client<typeof mail>
  /** Gives the id of the message. */
  arrive(accountId: string, raw: string, facts?: Partial<NewMessage>): Promise<string>
  /** As the way in does with what it has kept. */
  keep(
    accountId: string,
    raw: string,
    facts: { sender: string; isSpam?: boolean; prefix?: string },
  ): Promise<void>
  /** What is on its way to an address, oldest first. */
  sentTo(address: string): Promise<{ sender: string; subject: string; raw: string }[]>
}

/** `me@x.example`, Nasrin Akter, and `colleague@x.example`, Rahim. */
export async function openScene(): Promise<RulesScene> {
  const opened: { context?: Context; rules?: OpenRules } = {}
  const service = defineService({
    contract: mail,
    migrations: new URL('../migrations/', import.meta.url),
    settings,
    calls: { ...searchCalls, ...ruleCalls, ...changingCalls } as never,
    streams: {} as never,
    roles: {
      rules: {
        summary: 'lets the test have what a role has',
        start: async (given) => {
          opened.context = given as Context
          return (opened.rules = openRules(opened.context))
        },
      },
    },
  })
  const host = await testHost({ services: [service], settings: { DOMAIN: 'x.example' } })
  const { context, rules } = opened as Required<typeof opened>
  const { db } = context
  const [me, other] = [v7(), v7()]
  await sql`insert into domains (name, is_primary) values ('x.example', true)`.execute(db)
  await insertAccounts(db, [
    { id: me, address: 'me@x.example', name: 'Nasrin Akter', language: 'en', quotaBytes: 1e9 },
    { id: other, address: 'colleague@x.example', name: 'Rahim', language: 'bn', quotaBytes: 1e9 },
  ])
  return {
    context,
    db,
    rules,
    me,
    other,
    as(accountId) {
      const identity: Identity = { kind: 'account', accountId, sessionId: accountId, roles: ['customer'] }
      return host.client(mail, identity)
    },
    arrive: (accountId, raw, facts) => arrive(context, accountId, raw, facts),
    keep: (accountId, raw, facts) => keep(context, rules, accountId, raw, facts),
    sentTo: (address) => sentTo(context, address),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

async function arrive(
  context: Context,
  accountId: string,
  raw: string,
  facts: Partial<NewMessage> = {},
): Promise<string> {
  const { db } = context
  const taken = await takeIn(context.blobs, source(raw), 1e6)
  const [outcome] = await insertMessages(db, [
    {
      accountId,
      blob: taken.blob,
      trace: '',
      parsed: taken.parsed,
      receivedAt: new Date(),
      roles: ['inbox'],
      category: 'primary',
      categoryReasons: [],
      ...facts,
    },
  ])
  assert.equal(outcome!.state, 'kept')
  if (outcome?.state !== 'kept') return ''
  const { number } = (await findAccount(db, accountId))!
  await indexMessages(context, [
    { messageId: outcome.id, accountNumber: number, words: textsOf(taken.parsed) },
  ])
  return outcome.id
}

async function keep(
  context: Context,
  rules: OpenRules,
  accountId: string,
  raw: string,
  { sender, isSpam = false, prefix = '' }: { sender: string; isSpam?: boolean; prefix?: string },
): Promise<void> {
  const taken = await takeIn(context.blobs, source(raw), 1e6)
  const kept = {
    account: { id: accountId },
    arrival: { taken, sender, prefix, receivedAt: new Date() },
    isSpam,
    actions: undefined,
    outcome: { state: 'kept', id: v7(), threadId: v7(), modseq: 1, isMuted: false },
  }
  await context.db.transaction().execute((tx) => rules.afterKept(tx, kept as never))
}

async function* source(raw: string): AsyncGenerator<Buffer> {
  yield Buffer.from(raw)
}

async function sentTo(context: Context, address: string): ReturnType<RulesScene['sentTo']> {
  const { rows } = await sql<{ sender: string; blob: string; prefix: string }>`
    select s.sender, s.blob, s.prefix from submissions s join recipients r on r.submission_id = s.id
    where lower(r.address) = ${address} order by s.created_at, s.id`.execute(context.db)
  return Promise.all(
    rows.map(async ({ sender, blob, prefix }) => {
      const chunks: Buffer[] = []
      for await (const chunk of (await openStored(context.blobs, {
        blob,
        trace: prefix,
      })) as AsyncIterable<Buffer>)
        chunks.push(chunk)
      const bytes = Buffer.concat(chunks)
      return { sender, subject: parseMessage(bytes).envelope.subject, raw: bytes.toString() }
    }),
  )
}
