/** What the tests of delivery share: a queue of their own, other people's servers by hand, certificates. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, TLSSocket } from 'node:tls'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import type { Blobs } from '#platform/blobs/blobs.ts'
import { openBlobs } from '#platform/blobs/open.ts'
import type { Database } from '#platform/database/database.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { openLocalSignals } from '#platform/signals/local.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { openResolver, type Resolver } from '../authentication/resolver.ts'
import { startNameServer, type NameServer } from '../testing/name-server.ts'
import { startDeliverer, type DelivererOptions } from './deliverer.ts'
import type { LocalMail } from './local.ts'
import { announceQueue, submit, type Submission, type SubmittedRecipient } from './submit.ts'

export const ourDomain = 'ours.example'

export interface DeliveryScene extends AsyncDisposable {
  db: Database
  blobs: Blobs
  signals: Signals
  databaseUrl: string
  blobsUrl: string
  names: NameServer
  resolver: Resolver
  /** That all other servers listen on, each on an address of its own. */
  port: number
  /** What came for addresses of ours, with its source. */
  arrived: (LocalMail & { source: string })[]
  clock: { now: number }
  start(options?: Partial<DelivererOptions>): AsyncDisposable
  /** Puts a message into the queue. */
  send(
    recipients: (string | SubmittedRecipient)[],
    options?: Partial<Submission> & { source?: string },
  ): Promise<string>
  /** State of each recipient, by address. */
  states(id: string): Promise<Record<string, string>>
  /** Waits until the recipients are in these states. */
  become(id: string, states: Record<string, string>): Promise<void>
  rows(
    id: string,
  ): Promise<{ address: string; state: string; answer: string; attempts: number; tls: string | null }[]>
  /** Lets time pass for deliverers, and wakes them. */
  pass(ms: number): void
}

export const letter = (text = 'Hello', headers = '') =>
  `From: Rahima <rahima@${ourDomain}>\r\nTo: other@far.example\r\nSubject: A letter\r\nMessage-ID: <letter@${ourDomain}>\r\n${headers}\r\n${text}\r\n`

export async function deliveryScene(): Promise<DeliveryScene> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'dakghar-delivery-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const server = stack.use(
    await testDatabase([{ name: 'mail', migrations: new URL('../migrations/', import.meta.url) }]),
  )
  const db = server.forService('mail')
  const blobsUrl = `file:${folder}`
  const blobs = stack.use(await openBlobs(blobsUrl))
  const signals = stack.use(openLocalSignals({ log: silentLogger }))
  const names = stack.use(await startNameServer({}))
  const resolver = stack.use(openResolver({ servers: [names.address], timeoutMs: 1_000 }))
  await sql`insert into domains (name, is_primary) values (${ourDomain}, true)`.execute(db)
  const port = await freePort()
  const clock = { now: Date.now() }
  const arrived: DeliveryScene['arrived'] = []
  const opened = stack.move()
  const rows: DeliveryScene['rows'] = async (id) => {
    const found = await sql<Awaited<ReturnType<DeliveryScene['rows']>>[number]>`
      select address, state, answer, attempts, tls from recipients where submission_id = ${id} order by address`.execute(
      db,
    )
    return found.rows
  }
  const states = async (id: string) =>
    Object.fromEntries((await rows(id)).map(({ address, state }) => [address, state]))
  return {
    db,
    blobs,
    signals,
    databaseUrl: server.url,
    blobsUrl,
    names,
    resolver,
    port,
    arrived,
    clock,
    start: (options = {}) =>
      startDeliverer(
        { db, blobs, signals, log: silentLogger },
        {
          resolver,
          hostName: `mail.${ourDomain}`,
          domain: ourDomain,
          privateTargets: '127.0.0.0/8',
          port,
          now: () => clock.now,
          idleMs: 200,
          async deliverHere(mail) {
            const source = await readAll(blobs, mail.blob)
            arrived.push({ ...mail, source })
            return mail.recipients.map((address) =>
              address.startsWith('nobody')
                ? { address, outcome: 'failed', answer: '550 5.1.1 No such person here' }
                : { address, outcome: 'delivered', answer: '250 2.0.0 Kept' },
            )
          },
          ...options,
        },
      ),
    async send(recipients, { source = letter(), ...options } = {}) {
      const { id: blob, sizeBytes } = await blobs.put(Buffer.from(source))
      const given = { blob, sizeBytes, sender: `rahima@${ourDomain}`, dueAt: new Date(clock.now), ...options }
      const all = recipients.map((one) => (typeof one === 'string' ? { address: one } : one))
      const id = await db.transaction().execute((tx) => submit(tx, given, all))
      announceQueue(signals)
      return id
    },
    states,
    rows,
    async become(id, wanted) {
      let seen: Record<string, string> = {}
      await eventually(
        async () => {
          seen = await states(id)
          return Object.entries(wanted).every(([address, state]) => seen[address] === state)
        },
        10_000,
        JSON.stringify(wanted),
      ).catch((error: unknown) => {
        throw new Error(`${String(error)} but ${JSON.stringify(seen)}`, { cause: error })
      })
    },
    pass(ms) {
      clock.now += ms
      announceQueue(signals)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export async function addAccount(db: Database, { address, language }: { address: string; language: string }) {
  const id = v7()
  await sql`
    insert into accounts (id, address, name, language, quota_bytes)
    values (${id}, ${address}, 'Rahima', ${language}, 1000000)`.execute(db)
  return id
}

async function readAll(blobs: Blobs, id: string): Promise<string> {
  const stream = (await blobs.get(id)) as AsyncIterable<Buffer>
  return Buffer.concat(await Array.fromAsync(stream)).toString('latin1')
}

export interface TakenMessage {
  /** Arguments of MAIL and RCPT. */
  from: string
  to: string[]
  /** Dots undone, as Latin-1. */
  content: string
  isEncrypted: boolean
}

/** Answers to what a client does; nothing is the usual answer, `hangUp` closes, `silence` says nothing. */
export interface Manners {
  greeting?: string | undefined
  /** Keywords of EHLO. */
  offers?: string[]
  onCommand?:
    | ((line: string, session: { connection: number; isEncrypted: boolean }) => string | undefined)
    | undefined
  onMessage?:
    | ((message: TakenMessage, socket: Socket) => string | undefined | Promise<string | undefined>)
    | undefined
  /** Of an accepted socket, in place of everything else. */
  onSocket?: ((socket: Socket) => void) | undefined
  certificate?: { cert: Buffer; key: Buffer } | undefined
  /** Sent in clear behind the answer to STARTTLS. */
  injects?: string | undefined
}

export interface OtherServer extends AsyncDisposable {
  manners: Manners
  messages: TakenMessage[]
  connections: number
  /** Of all connections, in order. */
  commands: string[]
}

/** A server by hand, that does what it is told. */
export async function startOther(address: string, port: number, manners: Manners = {}): Promise<OtherServer> {
  const sockets = new Set<Socket>()
  const other = { manners, messages: [] as TakenMessage[], connections: 0, commands: [] as string[] }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    other.connections++
    if (other.manners.onSocket) return other.manners.onSocket(socket)
    return converse(socket, other, other.connections)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return Object.assign(other, {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  })
}

function converse(first: Socket, other: Omit<OtherServer, keyof AsyncDisposable>, connection: number): void {
  let socket = first
  let held = ''
  let data: string | undefined
  let message: TakenMessage = { from: '', to: [], content: '', isEncrypted: false }
  const say = (text: string) => {
    if (text === 'hangUp') socket.destroy()
    else if (text !== 'silence') socket.write(`${text}\r\n`)
  }
  const reset = () => (message = { from: '', to: [], content: '', isEncrypted: socket instanceof TLSSocket })

  function onCommand(line: string): string {
    other.commands.push(line)
    const said = other.manners.onCommand?.(line, { connection, isEncrypted: socket instanceof TLSSocket })
    const verb = line.split(' ')[0]!.toUpperCase()
    if (said !== undefined) return said
    if (verb === 'EHLO')
      return [
        ...[
          'there.example',
          ...(other.manners.offers ?? [
            'PIPELINING',
            '8BITMIME',
            'SMTPUTF8',
            'DSN',
            'SIZE 50000000',
            'ENHANCEDSTATUSCODES',
          ]),
        ].entries(),
      ]
        .map(([i, text], _, all) => `250${i + 1 === all.length ? ' ' : '-'}${text}`)
        .join('\r\n')
    if (verb === 'MAIL') {
      reset()
      message.from = line.slice('MAIL FROM:'.length)
      return '250 2.1.0 Ok'
    }
    if (verb === 'RCPT') {
      message.to.push(line.slice('RCPT TO:'.length))
      return '250 2.1.5 Ok'
    }
    if (verb === 'DATA') {
      data = ''
      return '354 Go on'
    }
    if (verb === 'QUIT') return '221 Bye'
    return verb === 'NOOP' || verb === 'RSET' || verb === 'HELO' ? '250 Ok' : '502 What?'
  }

  async function onEnd() {
    const taken = { ...message, content: data!.replaceAll(/^\./gm, '') }
    data = undefined
    const said = await other.manners.onMessage?.(taken, socket)
    if (said === undefined || said.startsWith('2')) other.messages.push(taken)
    say(said ?? '250 2.0.0 Taken')
  }

  function onLine(line: string) {
    if (data !== undefined) {
      if (line === '.') return void onEnd()
      data += `${line}\r\n`
      return undefined
    }
    const { certificate, injects } = other.manners
    if (line === 'STARTTLS' && certificate) {
      other.commands.push(line)
      socket.write(`220 Go on\r\n${injects ?? ''}`)
      return injects === undefined ? secure(certificate) : undefined
    }
    return say(onCommand(line))
  }
  function secure(certificate: { cert: Buffer; key: Buffer }) {
    socket.off('data', onData)
    socket = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(certificate) })
    socket.on('error', () => undefined).on('data', onData)
  }
  function onData(bytes: Buffer) {
    held += bytes.toString('latin1')
    for (let end = held.indexOf('\r\n'); end !== -1; end = held.indexOf('\r\n')) {
      const line = held.slice(0, end)
      held = held.slice(end + 2)
      onLine(line)
    }
  }
  socket.on('data', onData)
  say(other.manners.greeting ?? '220 there.example ESMTP')
}

/** An authority and a certificate of it for these names. */
export function certificateFor(...names: string[]): { ca: Buffer; cert: Buffer; key: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'dakghar-certificates-'))
  const at = (name: string) => join(folder, name)
  try {
    writeFileSync(at('config'), '[req]\ndistinguished_name=name\n[name]\n')
    const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ')
    const openssl = (...args: string[]) =>
      execFileSync('openssl', [...made, '-config', at('config'), ...args], { stdio: 'pipe' })
    const authority = ['-subj', '/CN=authority', '-addext', 'basicConstraints=critical,CA:TRUE']
    openssl(...authority, '-keyout', at('ca.key'), '-out', at('ca.crt'))
    const alternatives = names.map((name) => `DNS:${name}`).join(',')
    const signed = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-subj', '/CN=server']
    openssl(...signed, '-addext', `subjectAltName=${alternatives}`, '-keyout', at('key'), '-out', at('cert'))
    return { ca: readFileSync(at('ca.crt')), cert: readFileSync(at('cert')), key: readFileSync(at('key')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
