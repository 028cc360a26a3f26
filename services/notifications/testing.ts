/** What the tests of notifications share: a host with an identity service of their own making, and other people's servers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { text as readText } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { InputOf, OutputOf } from '#contracts/client.ts'
import { standardError } from '#contracts/errors.ts'
import { identity } from '#contracts/identity.ts'
import { notifications } from '#contracts/notifications.ts'
import type { Database } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { defineService, type QueryContext, type Service } from '#platform/service.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import notificationsService from './service.ts'

export type Person = OutputOf<(typeof identity)['calls']['showRecipient']>
type Shown = OutputOf<(typeof notifications)['calls']['showNotification']>
export type Asked = InputOf<(typeof notifications)['calls']['sendNotification']>

export interface Scene extends AsyncDisposable {
  host: TestHost
  client: ReturnType<typeof clientOf>
  /** For looking at what is stored and for making time pass. */
  db: Database
  people: FakeIdentity
  /** Makes a person, by default one who can be reached and wants everything. */
  person(changes?: Partial<Person>): Person
  /** Sends to one channel and gives the notification's id. */
  send(asked: Asked): Promise<string>
  /** Runs roles in another host, as another process would, until disposed of. */
  join(roles: string[], settings?: Record<string, string>): Promise<TestHost>
  /** The notification once it is in one of the states. */
  becomes(id: string, ...states: Shown['state'][]): Promise<Shown>
}

export const verifyEmail = {
  template: 'verify_email',
  variables: { code: '123456', link: 'https://post.example/verify?token=secret-token', minutes: 10 },
}

const clientOf = (host: TestHost) => host.client(notifications)

export async function startScene(
  settings: Record<string, string> = {},
  roles: string[] = [],
): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const people = fakeIdentity()
  const services = [people.service, notificationsService]
  const ours = { DOMAIN: 'post.example', SMTP_URL: 'none', SIGNALS_URL: 'postgres:' }
  const host = stack.use(await testHost({ services, roles, settings: { ...ours, ...settings } }))
  const shared = { ...ours, DATABASE_URL: host.databaseUrl, DATA_DIR: host.dataDirectory }
  const db = stack.use(openDatabase({ url: host.databaseUrl })).forService('notifications')
  const client = clientOf(host)
  const opened = stack.move()
  return {
    host,
    client,
    db,
    people,
    person(changes = {}) {
      const made = newPerson(changes)
      people.people.set(made.id, made)
      return made
    },
    async send(asked) {
      const { notifications: made } = await client.sendNotification(asked)
      assert.equal(made.length, 1)
      return made[0]!.id
    },
    join: (roles, settings = {}) => testHost({ services, roles, settings: { ...shared, ...settings } }),
    async becomes(id, ...states) {
      const shown = await until(async () => {
        const now = await client.showNotification({ id })
        return states.includes(now.state) ? now : undefined
      })
      return shown
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

function newPerson(changes: Partial<Person> = {}): Person {
  const id = v7()
  const all = { email: true, push: true }
  return {
    id,
    userid: null,
    name: 'Rahima Khatun',
    email: `${id}@people.example`,
    isEmailVerified: true,
    phone: '+8801712345678',
    isPhoneVerified: true,
    language: 'en',
    timeZone: 'Asia/Dhaka',
    preferences: {
      topics: { security: all, mail: all, chat: all, orders: all, news: all },
      quietHours: null,
    },
    ...changes,
  }
}

/** Polls, as what it waits for is told by nobody. */
export async function until<T>(look: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  for (const giveUpAt = performance.now() + timeoutMs; ; await sleep(20)) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > giveUpAt) assert.fail('it did not happen in time')
  }
}

/** Makes everything that waits due now. */
export async function makeDue(db: Database): Promise<void> {
  await sql`update notifications set due_at = now() where due_at is not null`.execute(db)
}

export interface FakeIdentity {
  service: Service
  people: Map<string, Person>
  exports: { exportId: string; service: string; content: unknown }[]
  erasures: { erasureId: string; service: string }[]
  /** It does not answer. */
  isDown: boolean
}

/** Answers what notifications ask, as the real one would, and publishes the events about accounts. */
function fakeIdentity(): FakeIdentity {
  const fake: Omit<FakeIdentity, 'service'> = { people: new Map(), exports: [], erasures: [], isDown: false }
  const now = () => new Date().toISOString()
  const calls = {
    async showRecipient({ accountId }: { accountId: string }, context: QueryContext) {
      if (fake.isDown) throw standardError('unavailable')
      return fake.people.get(accountId) ?? context.fail('notFound')
    },
    async requestExport(_input: object, { bus, identity: caller }: QueryContext) {
      const exportId = v7()
      assert(caller.kind === 'account')
      const { accountId } = caller
      await bus.emit(identity.events.exportRequested, { exportId, accountId })
      const state = { state: 'gathering', waitingFor: ['notifications'], sizeBytes: null }
      return { id: exportId, ...state, createdAt: now(), expiresAt: now() }
    },
    async eraseAccount({ accountId }: { accountId: string }, { bus }: QueryContext) {
      const erasureId = v7()
      fake.people.delete(accountId)
      await bus.emit(identity.events.accountErased, { erasureId, accountId })
      return { id: erasureId, accountId, waitingFor: [], createdAt: now(), completedAt: null }
    },
    async addToExport(part: FakeIdentity['exports'][number]) {
      fake.exports.push(part)
      return null
    },
    async reportErased(part: FakeIdentity['erasures'][number]) {
      fake.erasures.push(part)
      return null
    },
  }
  const service = defineService({ contract: identity, calls, streams: {} } as unknown as Parameters<
    typeof defineService
  >[0])
  return Object.assign(fake, { service })
}

export interface Mail {
  to: string
  /** With headers, as it came. */
  raw: string
}

/** How the server answers; each a reply such as `450 4.2.1 busy`, or nothing to accept. */
interface Manners {
  onConnect?: (() => string | undefined) | undefined
  onRecipient?: ((address: string) => string | undefined) | undefined
  /** After the message came. It takes its time, or hangs up. */
  onMessage?:
    | ((mail: Mail, hangUp: () => void) => Promise<string | undefined> | string | undefined)
    | undefined
}

export interface SmtpWorld extends AsyncDisposable {
  url: string
  /** What it took. */
  mails: Mail[]
  connections: number
  manners: Manners
}

export async function startSmtp(port = 0): Promise<SmtpWorld> {
  const sockets = new Map<number | undefined, Socket>()
  const world = { mails: [] as Mail[], connections: 0, manners: {} as Manners }
  const refusal = (reply: string | undefined) =>
    reply === undefined
      ? undefined
      : Object.assign(new Error(reply.slice(4)), { responseCode: Number(reply.slice(0, 3)) })
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    disableReverseLookup: true,
    logger: false,
    onConnect(_session, done) {
      world.connections++
      done(refusal(world.manners.onConnect?.()))
    },
    onRcptTo: ({ address }, _session, done) => done(refusal(world.manners.onRecipient?.(address))),
    async onData(stream, session, done) {
      done(await take(stream, session))
    },
  })

  async function take(stream: Readable, session: SMTPServerSession): Promise<Error | undefined> {
    const mail = { to: session.envelope.rcptTo[0]!.address, raw: await readText(stream) }
    const reply = await world.manners.onMessage?.(mail, () => sockets.get(session.remotePort)?.destroy())
    if (reply === undefined) world.mails.push(mail)
    return refusal(reply)
  }

  server.on('error', () => undefined)
  const listening = server.listen(port, '127.0.0.1')
  listening.on('connection', (socket) => void sockets.set(socket.remotePort, socket))
  await once(listening, 'listening')
  return Object.assign(world, {
    url: `smtp://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets.values()) socket.destroy()
      await closed
    },
  })
}

export function headerOf({ raw }: Mail, name: string): string | undefined {
  const [head = ''] = raw.split('\r\n\r\n')
  const unfolded = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
  return unfolded
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))
    ?.slice(name.length + 2)
}

export interface HttpRequest {
  method: string
  url: string
  headers: Record<string, unknown>
  body: string
}

export interface HttpWorld extends AsyncDisposable {
  url: string
  requests: HttpRequest[]
  /** Status of the answer; a promise that does not resolve is a server that says nothing. */
  answer: (request: HttpRequest) => number | Promise<number>
}

export async function startHttp(): Promise<HttpWorld> {
  const world = { requests: [] as HttpRequest[], answer: (() => 200) as HttpWorld['answer'] }
  const server = createServer(async (incoming, response) => {
    const { method = '', url = '', headers } = incoming
    const request = { method, url, headers, body: await readText(incoming) }
    world.requests.push(request)
    response.writeHead(await world.answer(request), { location: '/elsewhere' }).end('echo')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(world, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
