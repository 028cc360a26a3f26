/** A post office for tests: people with mailboxes, the doors, and a name server that knows what it is told. */
import type { Client } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { Identity } from '#platform/identity.ts'
import { pino } from 'pino'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { eventually } from '#platform/testing/eventually.ts'
import identityService from '#services/identity/service.ts'
import { signUp } from '#services/identity/testing.ts'
import mailService from '#services/mail/service.ts'
import { startNameServer, type NameServer, type Zone } from '#services/mail/testing/name-server.ts'

export interface PostOffice extends AsyncDisposable {
  host: TestHost
  names: NameServer
  /** Of the door for other servers, for programs, and for programs with TLS at once. */
  ports: { receive: number; submission: number; submissions: number }
  person(userid: string): Promise<Person>
}

export interface Person {
  address: string
  accountId: string
  identity: Identity
  mail: Client<typeof mail>
  mailbox(role: MailboxRole): Promise<string>
  threads(role: MailboxRole): Promise<Awaited<ReturnType<Client<typeof mail>['listThreads']>>['items']>
}

/** Mail of the domain `ours.example`, to servers on loopback addresses too. */
export async function openPostOffice({
  zone = {},
  settings = {},
}: { zone?: Zone; settings?: Record<string, string> } = {}): Promise<PostOffice> {
  await using stack = new AsyncDisposableStack()
  const names = stack.use(await startNameServer(zone))
  const host = stack.use(
    await testHost({
      services: [identityService, mailService],
      // What should not happen is shown.
      log: pino({ level: 'error' }, process.stderr),
      settings: {
        DOMAIN: 'ours.example',
        MAIL_HOST: '127.0.0.1',
        SMTP_PORT: '0',
        SUBMISSION_PORT: '0',
        SUBMISSIONS_PORT: '0',
        DNS_SERVERS: names.address,
        SMTP_PRIVATE_TARGETS: '127.0.0.0/8',
        ...settings,
      },
    }),
  )
  const opened = stack.move()
  const portOf = (name: string) =>
    Number(
      host.announced
        .find(([what]) => what === name)?.[1]
        .split(':')
        .at(-1),
    )
  return {
    host,
    names,
    ports: {
      receive: portOf('SMTP'),
      submission: portOf('Submission'),
      submissions: portOf('Submission, TLS'),
    },
    person: (userid) => personAt(host, userid),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function personAt(host: TestHost, userid: string): Promise<Person> {
  const { account, session } = await signUp(host, userid)
  const identity: Identity = {
    kind: 'account',
    accountId: account.id,
    sessionId: session.id,
    roles: account.roles,
    isVerified: true,
  }
  const client = host.client(mail, identity)
  const mailboxes = async () => (await client.listMailboxes({})).items
  await eventually(async () => (await mailboxes()).length > 0)
  const mailbox = async (role: MailboxRole) => (await mailboxes()).find((each) => each.role === role)!.id
  return {
    address: userid,
    accountId: account.id,
    identity,
    mail: client,
    mailbox,
    threads: async (role) => (await client.listThreads({ mailboxId: await mailbox(role) })).items,
  }
}
