/** One conversation with a server: greeting, EHLO, TLS, login; then messages one after the other. */
import type { SecureContextOptions } from 'node:tls'
import { readCapabilities, type Capabilities } from './capabilities.ts'
import { Fault } from './fault.ts'
import { replyText, type Reply } from './reply.ts'
import { openWire, type TlsFacts, type Wire } from './wire.ts'

/** At least those of RFC 5321 §4.5.3.2, but for the first two, which many servers have to be tried by. */
export interface Timeouts {
  connectMs: number
  greetingMs: number
  commandMs: number
  /** For the server to take a block of the message. */
  blockMs: number
  /** For the answer to the end of the message. */
  endMs: number
}

export const usualTimeouts: Timeouts = {
  connectMs: 30_000,
  greetingMs: 60_000,
  commandMs: 300_000,
  blockMs: 180_000,
  endMs: 600_000,
}

export interface ServerTarget {
  /** Its name, which a certificate has to state; a name in brackets is an address. */
  host: string
  address: string
  port: number
  /** `required`: with a certificate that proves the host. `tried`: if it works. `fromStart`: proved, before the greeting. */
  tls: 'required' | 'tried' | 'none' | 'fromStart'
  login?: { user: string; password: string } | undefined
}

export interface ConnectionOptions {
  /** How we call ourselves. */
  hostName: string
  timeouts: Timeouts
  /** Roots to trust, beside those of this machine. */
  roots?: SecureContextOptions['ca'] | undefined
  /** Breaks it off, whatever it is at. */
  signal?: AbortSignal | undefined
}

export interface Connection extends Disposable {
  readonly target: ServerTarget
  readonly wire: Wire
  readonly capabilities: Capabilities
  readonly timeouts: Timeouts
  readonly tls: TlsFacts | undefined
  /** Messages it has carried. */
  messages: number
  /** Says goodbye without waiting for long. */
  quit(): Promise<void>
}

/** Rejects with a Fault. One of stage `tls` leaves it to the caller to try again in clear. */
export async function openConnection(target: ServerTarget, options: ConnectionOptions): Promise<Connection> {
  const { hostName, timeouts } = options
  const tlsOptions = tlsOptionsFor(target, options)
  const wire = await openWire(
    { host: target.address, port: target.port, signal: options.signal },
    timeouts.connectMs,
    target.tls === 'fromStart' ? tlsOptions : undefined,
  )
  try {
    if (target.tls === 'fromStart') checkProof(wire)
    const greeting = await wire.reply(timeouts.greetingMs)
    if (greeting.code !== 220) throw refusal('greeting', greeting)
    let capabilities = await greet(wire, hostName, timeouts)
    if (target.tls === 'required' || (target.tls === 'tried' && capabilities.startsTls)) {
      await secure(wire, target, capabilities, tlsOptions, timeouts)
      capabilities = await greet(wire, hostName, timeouts)
    }
    if (target.login) await login(wire, target.login, capabilities, timeouts)
    wire.stage = 'transaction'
    return connectionOn(wire, target, capabilities, timeouts)
  } catch (error) {
    wire[Symbol.dispose]()
    throw error
  }
}

/** Sends one line and gives the answer, whatever it is. */
export async function command(wire: Wire, line: string, timeoutMs: number): Promise<Reply> {
  if (/[\r\n\0]/.test(line)) throw new Fault(wire.stage, 'a command must be one line')
  await wire.write(`${line}\r\n`, timeoutMs)
  return wire.reply(timeoutMs)
}

function connectionOn(
  wire: Wire,
  target: ServerTarget,
  capabilities: Capabilities,
  timeouts: Timeouts,
): Connection {
  return {
    target,
    wire,
    capabilities,
    timeouts,
    tls: wire.tls,
    messages: 0,
    async quit() {
      if (!wire.isStale) await command(wire, 'QUIT', 2_000).catch(() => undefined)
      wire[Symbol.dispose]()
    },
    [Symbol.dispose]: () => wire[Symbol.dispose](),
  }
}

async function greet(wire: Wire, hostName: string, { greetingMs }: Timeouts): Promise<Capabilities> {
  const reply = await command(wire, `EHLO ${hostName}`, greetingMs)
  if (reply.code === 250) return readCapabilities(reply)
  if (reply.code === 421) throw refusal('greeting', reply)
  const simple = await command(wire, `HELO ${hostName}`, greetingMs)
  if (simple.code !== 250) throw refusal('greeting', simple)
  return readCapabilities({ ...simple, lines: simple.lines.slice(0, 1) })
}

async function secure(
  wire: Wire,
  { tls }: ServerTarget,
  { startsTls }: Capabilities,
  tlsOptions: object,
  { greetingMs }: Timeouts,
): Promise<void> {
  wire.stage = 'tls'
  if (!startsTls) throw new Fault('tls', 'the server does not offer STARTTLS')
  const reply = await command(wire, 'STARTTLS', greetingMs)
  if (reply.code !== 220) throw refusal('tls', reply)
  await wire.startTls(tlsOptions, greetingMs)
  if (tls === 'required') checkProof(wire)
}

function checkProof(wire: Wire): void {
  if (wire.tls && !wire.tls.isProved)
    throw new Fault('tls', `the certificate does not prove the server: ${wire.tls.flaw ?? ''}`)
}

/** Without proof a certificate says nothing, so an opportunistic connection takes what it gets. */
function tlsOptionsFor({ host }: ServerTarget, { roots }: ConnectionOptions) {
  const isAddress = host.startsWith('[')
  return {
    minVersion: 'TLSv1.2' as const,
    ...(!isAddress && { servername: host }),
    ...(roots !== undefined && { ca: roots }),
  }
}

/** RFC 4954, with PLAIN (RFC 4616) or LOGIN. */
async function login(
  wire: Wire,
  { user, password }: { user: string; password: string },
  { logins }: Capabilities,
  { commandMs }: Timeouts,
): Promise<void> {
  wire.stage = 'login'
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  let reply: Reply
  if (logins.has('PLAIN'))
    reply = await command(wire, `AUTH PLAIN ${base64(`\0${user}\0${password}`)}`, commandMs)
  else if (logins.has('LOGIN')) {
    reply = await command(wire, 'AUTH LOGIN', commandMs)
    if (reply.code === 334) reply = await command(wire, base64(user), commandMs)
    if (reply.code === 334) reply = await command(wire, base64(password), commandMs)
  } else throw new Fault('login', 'the server offers no way to sign in that is known here')
  if (reply.code !== 235) throw refusal('login', reply)
}

function refusal(stage: Fault['stage'], reply: Reply): Fault {
  return new Fault(stage, replyText(reply), reply)
}
