/** What the tests of imports and exports share: an account, stores, and files as other programs write them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { Transfer } from '#contracts/mail/transfers.ts'
import { openBlobs } from '#platform/blobs/open.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { openLocalSignals } from '#platform/signals/local.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { insertAccounts } from '../store/accounts.ts'
import { findTransfer, insertTransfer } from '../store/transfers.ts'
import { padding, tarEnd, tarHeader } from './export/tar.ts'
import { detectFormat } from './import/format.ts'
import { openTransfers, type RunnerOptions } from './runner.ts'
import { transfersTopic, type TransferTools } from './tools.ts'

export interface TransferScene extends AsyncDisposable {
  tools: TransferTools
  databaseUrl: string
  folder: string
  addAccount(address: string, quotaBytes?: number): Promise<string>
  /** Puts the transfer there; whoever runs them finds it. */
  begin(accountId: string, file: Buffer, fileName?: string): Promise<string>
  beginExport(accountId: string): Promise<string>
  start(options?: RunnerOptions): AsyncDisposable
  transfer(accountId: string, id: string): Promise<Transfer & { blob: string | null; sizeBytes: number }>
  /** Waits until it ends. */
  ended(accountId: string, id: string): ReturnType<TransferScene['transfer']>
  import(accountId: string, file: Buffer, fileName?: string): ReturnType<TransferScene['transfer']>
  messages(accountId: string): Promise<KeptMessage[]>
}

export interface KeptMessage {
  id: string
  messageId: string | null
  subject: string
  receivedAt: string
  source: string
  mailboxes: string[]
  isSeen: boolean
  isAnswered: boolean
  isFlagged: boolean
  isForwarded: boolean
  isDraft: boolean
  isOwn: boolean
  category: string
  threadId: string
}

export async function transferScene(): Promise<TransferScene> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'dakghar-transfers-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const server = stack.use(
    await testDatabase([{ name: 'mail', migrations: new URL('../migrations/', import.meta.url) }]),
  )
  const db = server.forService('mail')
  const blobs = stack.use(await openBlobs(`file:${folder}/mail`))
  const uploads = stack.use(await openBlobs(`file:${folder}/uploads`))
  const signals = stack.use(openLocalSignals({ log: silentLogger }))
  await sql`insert into domains (name, is_primary) values ('ours.example', true)`.execute(db)
  const log = { ...silentLogger, error: (...said: unknown[]) => process.stderr.write(`${inspect(said)}\n`) }
  const tools = { db, blobs, uploads, signals, log, settings: {} } as unknown as TransferTools
  const opened = stack.move()
  const transfer: TransferScene['transfer'] = async (accountId, id) =>
    (await findTransfer(db, accountId, id))!
  const ended: TransferScene['ended'] = async (accountId, id) => {
    await eventually(
      async () => (await transfer(accountId, id)).state !== 'running',
      60_000,
      'the transfer ends',
    )
    return transfer(accountId, id)
  }
  const begin: TransferScene['begin'] = async (accountId, file, fileName = '') => {
    const { id: blob, sizeBytes } = await uploads.put(file)
    const format = (await detectFormat(file.subarray(0, 4096))) ?? null
    const fresh = {
      id: v7(),
      accountId,
      kind: 'import',
      fileName,
      format,
      blob,
      sizeBytes,
      total: sizeBytes,
    } as const
    const { id } = await insertTransfer(db, fresh)
    signals.send(transfersTopic)
    return id
  }
  return {
    tools,
    databaseUrl: server.url,
    folder,
    async addAccount(address, quotaBytes = 1e9) {
      const id = v7()
      await insertAccounts(db, [{ id, address, name: 'Rahima', language: 'en', quotaBytes }])
      return id
    },
    begin,
    async beginExport(accountId) {
      const { id } = await insertTransfer(db, {
        id: v7(),
        accountId,
        kind: 'export',
        fileName: 'mail.tar',
        format: null,
        blob: null,
        sizeBytes: 0,
        total: 0,
      })
      signals.send(transfersTopic)
      return id
    },
    start: (options = {}) => openTransfers(tools, { everyMs: 50, ...options }),
    transfer,
    ended,
    async import(accountId, file, fileName) {
      await using stack = new AsyncDisposableStack()
      stack.use(openTransfers(tools, { everyMs: 50 }))
      return await ended(accountId, await begin(accountId, file, fileName))
    },
    messages: (accountId) => messagesOf(tools, accountId),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function messagesOf({ db, blobs }: TransferTools, accountId: string): Promise<KeptMessage[]> {
  const { rows } = await sql<KeptMessage & { blob: string; trace: string }>`
    with recursive paths as (
      select id, role, name as path from mailboxes where account_id = ${accountId} and parent_id is null
      union all select m.id, m.role, p.path || '/' || m.name from mailboxes m join paths p on m.parent_id = p.id
    )
    select id, message_id as "messageId", subject, received_at::text as "receivedAt", blob, trace, is_seen as "isSeen",
      is_answered as "isAnswered", is_flagged as "isFlagged", is_forwarded as "isForwarded", is_draft as "isDraft",
      is_own as "isOwn", category, thread_id as "threadId",
      (select array_agg(coalesce(p.role, p.path) order by coalesce(p.role, p.path))
        from mailbox_messages mm join paths p on p.id = mm.mailbox_id where mm.message_id = m.id) as mailboxes
    from messages m where account_id = ${accountId} order by received_at, subject`.execute(db)
  return Promise.all(
    rows.map(async ({ blob, trace, ...row }) => {
      const pieces: Buffer[] = []
      for await (const piece of (await blobs.get(blob)) as AsyncIterable<Buffer>) pieces.push(piece)
      return { ...row, source: trace + Buffer.concat(pieces).toString('latin1') }
    }),
  )
}

export function letter(
  number: number,
  options: { headers?: string; text?: string; from?: string } = {},
): string {
  const { headers = '', text = `Letter number ${number}.`, from = 'Karim <karim@far.example>' } = options
  return `From: ${from}\nTo: rahima@ours.example\nSubject: Letter ${number}\nMessage-ID: <${number}@far.example>\nDate: Mon, 2 Feb 2026 10:00:00 +0600\n${headers}\n${text}\n`
}

export function mbox(letters: readonly string[]): Buffer {
  const quoted = letters.map((text) => text.replaceAll(/^(>*From )/gm, '>$1'))
  return Buffer.from(quoted.map((text, at) => `From karim@far.example ${asctime(at)}\n${text}\n`).join(''))
}

function asctime(at: number): string {
  const [day, date, month, year, time] = new Date(Date.UTC(2026, 1, 2, 4, 0, at))
    .toUTCString()
    .replace(',', '')
    .split(' ')
  return `${day} ${month} ${date!.replace(/^0/, ' ')} ${time} ${year}`
}

export function tar(files: Record<string, string | Buffer>): Buffer {
  const members = Object.entries(files).flatMap(([name, content]) => {
    const bytes = Buffer.from(content)
    return [tarHeader(name, bytes.length, new Date('2026-02-02T00:00:00Z')), bytes, padding(bytes.length)]
  })
  return Buffer.concat([...members, tarEnd])
}

export function zip(files: Record<string, string | Buffer>): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content)
    const isDeflated = bytes.length > 100
    const packed = isDeflated ? deflateRawSync(bytes) : bytes
    const file = Buffer.from(name)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(isDeflated ? 8 : 0, 8)
    local.writeUInt32LE(packed.length, 18)
    local.writeUInt32LE(bytes.length, 22)
    local.writeUInt16LE(file.length, 26)
    const central = Buffer.alloc(46)
    central.writeUInt32LE(0x02014b50, 0)
    local.copy(central, 8, 6, 28)
    central.writeUInt16LE(file.length, 28)
    central.writeUInt32LE(at, 42)
    locals.push(local, file, packed)
    directory.push(central, file)
    at += local.length + file.length + packed.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(directory.length / 2, 10)
  end.writeUInt32LE(central.length, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...locals, central, end])
}
