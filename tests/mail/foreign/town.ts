/** Our post office as others see it: its domain in the DNS, with what it asks of them. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Client } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { mail } from '#contracts/mail.ts'
import type { Message } from '#contracts/mail/messages.ts'
import { eventually } from '#platform/testing/eventually.ts'
import type { Zone } from '#services/mail/testing/name-server.ts'
import { openPostOffice, type Person, type PostOffice } from '../post-office.ts'

export interface Town extends AsyncDisposable {
  office: PostOffice
  rahim: Person
  /** Hands a message in as a mail program does. */
  submit(message: Parameters<ReturnType<typeof createTransport>['sendMail']>[0]): Promise<void>
  appPassword: string
}

/** `others` is what the name server knows beside us. */
export async function openTown(others: Zone, settings: Record<string, string> = {}): Promise<Town> {
  await using stack = new AsyncDisposableStack()
  const office = stack.use(await openPostOffice({ zone: others, settings }))
  const rahim = await office.person('rahim@ours.example')
  office.names.zone = { ...others, ...(await ourZone(office, rahim)) }
  const client = office.host.client(identity, rahim.identity)
  const { password: appPassword } = await client.createAppPassword({ name: 'Program' })
  const opened = stack.move()
  return {
    office,
    rahim,
    appPassword,
    async submit(message) {
      const transport = createTransport({
        host: settings.MAIL_HOST ?? '127.0.0.1',
        port: office.ports.submission,
        requireTLS: true,
        tls: { rejectUnauthorized: false },
        auth: { user: rahim.address, pass: appPassword },
      })
      await transport.sendMail({ from: rahim.address, ...message })
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** The keys are those that the domain page tells to set. */
async function ourZone({ host }: PostOffice, person: Person): Promise<Zone> {
  const admin = host.client(mail, { ...person.identity, roles: ['admin'] } as Person['identity'])
  const { records } = await admin.checkMailDomain({ name: 'ours.example' })
  const keys = records
    .filter(({ purpose }) => purpose === 'dkim')
    .map(({ name, value }) => [name, { TXT: [value] }])
  return {
    'ours.example': { MX: ['10 mail.ours.example'], TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
    'mail.ours.example': { A: ['127.0.1.1'], TXT: ['v=spf1 ip4:127.0.0.1 -all'] },
    '_dmarc.ours.example': { TXT: ['v=DMARC1; p=reject'] },
    '1.0.0.127.in-addr.arpa': { PTR: ['mail.ours.example'] },
    ...Object.fromEntries(keys),
  }
}

/** The one message of a Maildir, once it is there, as Latin-1. */
export async function letterIn(maildir: string, subject: RegExp): Promise<string> {
  let found: string | undefined
  await eventually(async () => {
    found = (await lettersIn(maildir)).find((source) => subject.test(source))
    return found !== undefined
  }, 15_000)
  return found!
}

/** With CR LF, as Latin-1. */
export async function lettersIn(maildir: string): Promise<string[]> {
  const names = await readdir(join(maildir, 'new')).catch(() => [])
  const sources = await Promise.all(names.map((name) => readFile(join(maildir, 'new', name), 'latin1')))
  return sources.map((source) => source.replaceAll(/\r?\n/g, '\r\n'))
}

/** The message of this subject, once it is in the inbox. */
export async function arrivedWith({ mail: client, threads }: Person, subject: string): Promise<Message> {
  let found: Message | undefined
  await eventually(async () => {
    const thread = (await threads('inbox')).find((each) => each.subject === subject)
    if (thread) found = (await client.showThread({ threadId: thread.id })).messages.at(-1)
    return found !== undefined
  }, 15_000)
  return found!
}

/** States of the recipients of a message that is in `sent`. */
export async function deliveryOf({ mail: client, threads }: Person, subject: string) {
  const thread = (await threads('sent')).find((each) => each.subject === subject)
  if (!thread) throw new Error(`nothing was sent as ${subject}`)
  const { messages } = await client.showThread({ threadId: thread.id })
  const own = messages.find(({ isOwn }) => isOwn)!
  return (await client.showDelivery({ messageId: own.id })).items
}

/** With the rights of an admin. */
export function adminOf({ office, rahim }: Town): Client<typeof mail> {
  return office.host.client(mail, { ...rahim.identity, roles: ['admin'] } as Person['identity'])
}
