/** What we take beside speed: memory for those who wait, memory for what is large, time for a page of a large inbox. */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { dial } from '#services/mail/smtp/testing.ts'
import { settleThreads } from '#services/mail/store/threads.ts'
import { owner } from '../../tests/mail/mail-program.ts'
import type { Ours } from './contenders.ts'

const idleConnections = 1_000
/** As many as the door lets one address have. */
const perAddress = 50
const settleMs = 3_000

/** More resident memory of our process with so many connections that have said EHLO. */
export async function idleConnectionsMb({ port, opened }: Ours): Promise<number> {
  const { pid } = opened.program
  await sleep(settleMs)
  const before = residentMb(pid)
  const sockets = await Promise.all(
    Array.from({ length: idleConnections }, (_, index) =>
      greeted(port, `127.3.0.${1 + Math.floor(index / perAddress)}`),
    ),
  )
  await sleep(settleMs)
  const grown = residentMb(pid) - before
  for (const socket of sockets) socket.destroy()
  return Math.round(grown * 10) / 10
}

/** More resident memory, at the peak, while a message of 50 MB comes. */
export async function bigMessageGrowthMb({ port, opened }: Ours): Promise<number> {
  const { pid } = opened.program
  await sleep(settleMs)
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const before = residentMb(pid)
  using client = await dial(port)
  await client.command('EHLO mail.sender.example', 250)
  await client.command('MAIL FROM:<person@sender.example>', 250)
  await client.command(`RCPT TO:<${owner}>`, 250)
  await client.command('DATA', 354)
  client.send(
    'From: <person@sender.example>\r\nSubject: Large\r\nMessage-ID: <large@sender.example>\r\nMIME-Version: 1.0\r\n' +
      'Content-Type: application/octet-stream; name=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n',
  )
  for (let sent = 0; sent < 50 * 1024 * 1024;) {
    const lines = Array.from(
      { length: 1_000 },
      (_, line) => `${Buffer.alloc(57, sent + line).toString('base64')}\r\n`,
    ).join('')
    sent += lines.length
    if (!client.socket.write(lines)) await once(client.socket, 'drain')
  }
  client.send('.\r\n')
  // It is hashed, kept and read.
  const deadline = Date.now() + 60_000
  for (;;)
    try {
      await client.expect(250)
      break
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
  return Math.round((peakMb(pid) - before) * 10) / 10
}

/** The 95th percentile at the HTTP door, of first pages and those behind them. */
export async function inboxPageMs({ opened, databaseUrl }: Ours): Promise<number> {
  await using database = openDatabase({ url: databaseUrl, poolSize: 2, statementTimeoutMs: 300_000 })
  await fillInbox(database.forService('mail'))
  const { items } = await opened.mail.listMailboxes({})
  const mailboxId = items.find(({ role }) => role === 'inbox')!.id
  const times: number[] = []
  let cursor: string | undefined
  for (let index = 0; index < 220; index++) {
    const begun = performance.now()
    const page = await opened.mail.listThreads({
      mailboxId,
      limit: 50,
      ...(cursor !== undefined && { cursor }),
    })
    if (index >= 20) times.push(performance.now() - begun)
    cursor = index % 5 === 4 ? undefined : (page.nextCursor ?? undefined)
  }
  return Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)]! * 10) / 10
}

const inboxMessages = 100_000

/** Conversations of two or three messages, over two years, half of them unread, in the owner's inbox. */
async function fillInbox(db: Database): Promise<void> {
  const blob = '0'.repeat(64)
  await sql`insert into contents (blob, size_bytes, structure) values (${blob}, 10000, '{}')`.execute(db)
  await sql`
    with account as (select id from accounts where address = ${owner}),
    grouped as materialized (
      select place, gen_random_uuid() as thread_id from generate_series(0, ${inboxMessages} * 2 / 5) place),
    given as materialized (
      select n, gen_random_uuid() as id, thread_id
      from generate_series(1, ${inboxMessages}) n join grouped on place = n * 2 / 5),
    made as (
      insert into threads (id, account_id, base_subject)
      select distinct thread_id, account.id, 'subject' from given, account),
    kept as (
      insert into messages (id, account_id, thread_id, blob, size_bytes, received_at, message_id, subject, addresses,
        sender_address, snippet, attachments, is_seen, modseq)
      select given.id, account.id, thread_id, ${blob}, 10000, now() - interval '10 minutes' * (${inboxMessages} - n),
        n || '@sender.example', 'What was said of the matter number ' || n,
        jsonb_build_object('from', jsonb_build_array(jsonb_build_object('name', 'Person ' || n % 97, 'address', 'person' || n % 97 || '@sender.example')),
          'to', '[]'::jsonb, 'cc', '[]'::jsonb, 'bcc', '[]'::jsonb, 'sender', '[]'::jsonb, 'replyTo', '[]'::jsonb),
        'person' || n % 97 || '@sender.example', repeat('What it begins with. ', 8), '[]', n % 2 = 0, 1
      from given, account)
    insert into mailbox_messages (mailbox_id, uid, message_id, account_id, modseq)
    select b.id, 1000 + n, given.id, account.id, 1 from given, account join mailboxes b on b.account_id = account.id
    where b.role in ('inbox', 'all')`.execute(db)
  const { rows } = await sql<{ id: string }>`
    select t.id from threads t join accounts a on a.id = account_id where a.address = ${owner}`.execute(db)
  await settleThreads(
    db,
    rows.map(({ id }) => id),
    [],
  )
  for (const table of ['messages', 'threads', 'mailbox_messages', 'mailbox_threads'])
    await sql`vacuum analyze ${sql.table(table)}`.execute(db)
}

async function greeted(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  let said = ''
  socket.on('data', (bytes) => (said += bytes.toString('latin1')))
  const until = async (end: RegExp) => {
    while (!end.test(said)) await once(socket, 'data')
  }
  await once(socket, 'connect')
  await until(/^220 .*\r\n/)
  socket.write('EHLO mail.sender.example\r\n')
  await until(/\r\n250 .*\r\n$/)
  return socket
}

function residentMb(pid: number): number {
  return statusMb(pid, 'VmRSS')
}

function peakMb(pid: number): number {
  return statusMb(pid, 'VmHWM')
}

function statusMb(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1024
}
