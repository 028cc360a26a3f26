/** Who brings a letter into a mailbox, durably: we, and Postfix with Dovecot behind it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { startEmbeddedPostgres } from '#platform/database/embedded.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { ownDomain, setUpMailProgram, type MailProgram } from '../../tests/mail/mail-program.ts'
import { startPostfix } from '../../tests/mail/foreign/postfix.ts'
import { bytesBelow, startDovecot } from './dovecot.ts'
import { startRspamd } from './rspamd.ts'

export interface Contender extends AsyncDisposable {
  port: number
  /** Messages that are in mailboxes so that a power cut would not lose them. */
  delivered(): Promise<number>
  storage(): Promise<{ apparent: number; allocated: number }>
}

export interface Ours extends Contender {
  opened: MailProgram
  databaseUrl: string
  /** Of the mail schema in Postgres, indexes and all. */
  databaseBytes(): Promise<number>
}

/** The whole program in one process, on a Postgres as it starts one itself. */
export async function startOurs(
  folder: string,
  people: readonly string[],
  nameServer: string,
): Promise<Ours> {
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await startEmbeddedPostgres({ directory: join(folder, 'postgres') }))
  const directory = join(folder, 'data')
  const opened = stack.use(
    await setUpMailProgram(directory, people, {
      DATABASE_URL: postgres.url,
      DNS_SERVERS: nameServer,
      MAIL_MAX_MB: '64',
    }),
  )
  const database = stack.use(openDatabase({ url: postgres.url, poolSize: 2 }))
  const db = database.forService('mail')
  const moved = stack.move()
  const number = async (query: ReturnType<typeof sql<{ number: string }>>) =>
    Number((await query.execute(db)).rows[0]!.number)
  return {
    opened,
    databaseUrl: postgres.url,
    port: opened.port,
    delivered: () =>
      number(sql<{ number: string }>`select count(*) as number from messages where not is_own`),
    storage: () => bytesBelow(join(directory, 'blobs')),
    databaseBytes: () =>
      number(sql<{ number: string }>`
        select sum(pg_total_relation_size(c.oid)) as number from pg_class c
        where c.relnamespace = 'mail'::regnamespace and c.relkind = 'r'`),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  }
}

/** Postfix, which hands over to Dovecot by LMTP; with rspamd as its milter where a name server is given. */
export async function startPostfixDovecot(folder: string, nameServer?: string): Promise<Contender> {
  await using stack = new AsyncDisposableStack()
  await mkdir(folder, { recursive: true, mode: 0o755 })
  const dovecot = stack.use(await startDovecot(folder))
  const rspamd =
    nameServer === undefined
      ? undefined
      : stack.use(await startRspamd(join(folder, 'rspamd'), { nameServer }))
  const port = await freePort()
  const postfix = stack.use(
    await startPostfix({
      host: '127.0.0.1',
      port,
      main: {
        myhostname: `mx.${ownDomain}`,
        virtual_mailbox_domains: ownDomain,
        virtual_mailbox_maps: 'static:all',
        virtual_transport: `lmtp:inet:127.0.0.1:${dovecot.port}`,
        ...(rspamd && {
          smtpd_milters: `inet:127.0.0.1:${rspamd.milterPort}`,
          milter_default_action: 'tempfail',
          milter_protocol: '6',
        }),
      },
    }),
  )
  const moved = stack.move()
  return {
    port,
    async delivered() {
      const count = await dovecot.count()
      await sleep(20)
      return count
    },
    storage: () => dovecot.bytes(),
    [Symbol.asyncDispose]: async () => {
      await postfix.kill()
      await moved.disposeAsync()
    },
  }
}
