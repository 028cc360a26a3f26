/** A client for tests that sends octets as they are and looks at every answer. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { silentLogger } from '#platform/log.ts'
import type { SmtpLimits } from './limits.ts'
import type { DoorKind, SmtpPolicy, SmtpSession, SmtpTransaction } from './policy.ts'
import { openSmtpServer, type SmtpServer } from './server.ts'

export interface TestClient extends Disposable {
  /** Now the TLS one, after `startTls`. */
  readonly socket: Socket
  /** The octets as they are, in one packet where they fit. */
  send(octets: string | Buffer): void
  /** The next answer, with all its lines, which must have this code; CR LF is left out of it. */
  expect(code: number): Promise<string>
  /** One line and its answer. */
  command(line: string, code: number): Promise<string>
  /** A whole message through DATA; gives the answer to it. CR LF dot CR LF is added. */
  mail(sender: string, recipients: string[], content: string | Buffer, code?: number): Promise<string>
  startTls(): Promise<void>
  /** Resolves to what was said after the last answer that was asked for, when the server has closed. */
  closed(): Promise<string>
}

/** Waits for the greeting unless told not to. */
export async function dial(
  port: number,
  options: { host?: string; tls?: boolean; greeting?: number | undefined } = { greeting: 220 },
): Promise<TestClient> {
  const host = options.host ?? '127.0.0.1'
  const client = testClient(
    options.tls
      ? connectTls({ host, port, rejectUnauthorized: false })
      : connect({ host, port, allowHalfOpen: false, noDelay: true }),
  )
  const greeting = 'greeting' in options ? options.greeting : 220
  if (greeting !== undefined) await client.expect(greeting)
  return client
}

/** Sends the pieces one after another, as fast as the server takes them; `sent` counts octets that left. */
export function pour(client: TestClient, ...pieces: string[]): { sent: number; done: Promise<void> } {
  const flood = { sent: 0, done: Promise.resolve() }
  const send = async () => {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => client.socket.write(piece, () => resolve()))
      flood.sent += piece.length
    }
  }
  flood.done = send()
  return flood
}

/** Resolves when a number has stood still through 40 looks at it, each after all that was ready has run. */
export async function stalled(read: () => number): Promise<void> {
  let last = read()
  for (let still = 0; still < 40; still++) {
    await sleep(5)
    if (read() !== last) still = 0
    last = read()
  }
}

/** A certificate of its own for `localhost`, made once for a process. */
function testCertificate(): SecureContext {
  return (certificate ??= makeCertificate())
}

let certificate: SecureContext | undefined

function makeCertificate(): SecureContext {
  const folder = mkdtempSync(join(tmpdir(), 'dakghar-certificate-'))
  const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
  const words =
    'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'
  execFileSync('openssl', [...words.split(' '), '-keyout', key, '-out', cert], { stdio: 'ignore' })
  const context = createSecureContext({ key: readFileSync(key), cert: readFileSync(cert) })
  rmSync(folder, { recursive: true })
  return context
}

const answerTimeoutMs = 10_000

function testClient(first: Socket): TestClient {
  let socket: Socket | TLSSocket = first
  let received = ''
  let isClosed = false
  let wake = () => {}

  function attach(): void {
    socket.on('data', (octets: Buffer) => {
      received += octets.toString('utf8')
      wake()
    })
    socket.on('error', () => {})
    socket.on('end', () => wake())
    socket.on('close', () => {
      isClosed = true
      wake()
    })
  }
  async function until(isThere: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + answerTimeoutMs
    while (!isThere()) {
      assert.ok(Date.now() < deadline, `no ${what}; received ${JSON.stringify(received)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadline - Date.now())
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
  const answer = /^(?:\d{3}-.*\r\n)*(\d{3})(?: .*)?\r\n/
  const client: TestClient = {
    get socket() {
      return socket
    },
    send: (octets) => void socket.write(octets),
    async expect(code) {
      await until(() => answer.test(received) || isClosed, `answer ${code}`)
      const match = answer.exec(received)
      assert.ok(match, `the connection closed before ${code}; received ${JSON.stringify(received)}`)
      received = received.slice(match[0].length)
      assert.equal(Number(match[1]), code, match[0])
      return match[0].trimEnd()
    },
    command(line, code) {
      client.send(`${line}\r\n`)
      return client.expect(code)
    },
    async mail(sender, recipients, content, code = 250) {
      await client.command(`MAIL FROM:<${sender}>`, 250)
      for (const recipient of recipients) await client.command(`RCPT TO:<${recipient}>`, 250)
      await client.command('DATA', 354)
      client.send(content)
      client.send('\r\n.\r\n')
      return client.expect(code)
    },
    async startTls() {
      await client.command('STARTTLS', 220)
      socket.removeAllListeners()
      socket = connectTls({ socket, rejectUnauthorized: false })
      attach()
      await new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve).once('error', reject)
      })
    },
    async closed() {
      await until(() => isClosed, 'close')
      return received
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
  attach()
  return client
}

export interface TestDoor extends AsyncDisposable {
  readonly server: SmtpServer
  readonly port: number
  /** Those that were answered 250. */
  readonly messages: ReceivedMessage[]
}

export interface ReceivedMessage {
  sender: string
  recipients: string[]
  content: Buffer
  transaction: SmtpTransaction
  session: SmtpSession
  isRepaired: boolean
  hasLongLine: boolean
}

/**
 * A door that takes mail for `ann`, `bob`, `postmaster` and `u<number>` of `ours.example`, and on submission any mail
 * of who signs in; `policy` replaces parts of that. It greets at once.
 */
export async function openTestDoor(
  options: {
    kind?: DoorKind
    host?: string
    hasCertificate?: boolean
    limits?: Partial<SmtpLimits>
    policy?: Partial<SmtpPolicy>
  } = {},
): Promise<TestDoor> {
  const { kind = 'receive', host = '127.0.0.1', hasCertificate = true } = options
  const messages: ReceivedMessage[] = []
  const policy: SmtpPolicy = { ...testPolicy(messages), ...options.policy }
  const server = await openSmtpServer({
    kind,
    host,
    port: 0,
    hostName: 'mx.ours.example',
    ...(hasCertificate && { secureContext: testCertificate }),
    limits: { greetingDelayMs: 0, wrongPasswordMs: 0, lingerMs: 500, ...options.limits },
    policy,
    log: silentLogger,
  })
  return {
    server,
    port: server.port,
    messages,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

function testPolicy(messages: ReceivedMessage[]): SmtpPolicy {
  return {
    mailFrom: async () => undefined,
    async recipient({ account }, { path }) {
      if (account) return undefined
      if (path.domain !== 'ours.example' && path.domain !== '')
        return { code: 550, enhanced: '5.7.1', text: 'Relaying denied' }
      if (/^(?:ann|bob|postmaster|u\d+)$/i.test(path.localPart)) return undefined
      return { code: 550, enhanced: '5.1.1', text: 'No such mailbox' }
    },
    async message(session, content) {
      const pieces: Buffer[] = []
      for await (const piece of content) pieces.push(Buffer.from(piece))
      const transaction = session.transaction!
      messages.push({
        sender: transaction.sender.path?.address ?? '',
        recipients: transaction.recipients.map(({ path }) => path.address),
        content: Buffer.concat(pieces),
        transaction,
        session,
        isRepaired: content.isRepaired,
        hasLongLine: content.hasLongLine,
      })
      return { code: 250, enhanced: '2.0.0', text: 'Kept' }
    },
  }
}
