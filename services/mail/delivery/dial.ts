/** Finds a server of a domain that talks to us, as securely as the domain asks for. */
import {
  openConnection,
  type Connection,
  type ConnectionOptions,
  type ServerTarget,
} from './client/connection.ts'
import { Fault } from './client/fault.ts'
import { statusOf } from './client/reply.ts'
import type { StsPolicy, TlsResult } from '../store/sts-policies.ts'
import { isNamed } from './mta-sts.ts'
import { relayTls, type Relay } from './relay.ts'
import type { Host } from './routing.ts'

export interface Dialed {
  connection: Connection
  /** How it was made sure who is there; undefined: not at all. */
  tlsPolicy: string | undefined
}

export interface DialFailure {
  /** RFC 3463; a first digit of 4 can change. */
  status: string
  reason: string
  server: string | undefined
  /** Nobody could be reached: that says something of the destination, not of the message. */
  isUnreachable: boolean
}

export interface DialTools {
  /** Of the servers; 25 but in tests. */
  port: number
  connection: ConnectionOptions
  note(result: Omit<TlsResult, 'domain'>): void
}

/** Tries one host and address after the other. */
export async function dial(
  hosts: readonly Host[],
  policy: StsPolicy | undefined,
  tools: DialTools,
): Promise<Dialed | DialFailure> {
  const failures: DialFailure[] = []
  for (const host of hosts) {
    const isKnown = policy === undefined || policy.mode === 'none' || isNamed(policy, host.name)
    if (!isKnown) tools.note({ policy: 'sts', server: host.name, failure: 'validation-failure' })
    if (!isKnown && policy.mode === 'enforce') {
      failures.push(unsafe(host.name, 'The domain’s MTA-STS policy does not name this server.'))
      continue
    }
    for (const address of host.addresses) {
      const dialed = await dialOne({ host: host.name, address, port: tools.port }, policy, tools)
      if ('connection' in dialed) return dialed
      failures.push(dialed)
    }
  }
  return worst(failures)
}

export async function dialRelay(relay: Relay, tools: DialTools): Promise<Dialed | DialFailure> {
  const { host, port, login } = relay
  const tls = relayTls(relay)
  const target: ServerTarget = { host, address: host, port, tls, login }
  try {
    return await opened(target, tls === 'tried' ? undefined : 'certificate', tools)
  } catch (error) {
    return failureOf(error, host)
  }
}

async function dialOne(
  target: Omit<ServerTarget, 'tls'>,
  policy: StsPolicy | undefined,
  tools: DialTools,
): Promise<Dialed | DialFailure> {
  const isEnforced = policy?.mode === 'enforce'
  const found = {
    policy: policy && policy.mode !== 'none' ? 'sts' : 'no-policy-found',
    server: target.host,
  } as const
  try {
    const tls = isEnforced ? 'required' : 'tried'
    const dialed = await opened({ ...target, tls }, isEnforced ? 'MTA-STS' : undefined, tools)
    tools.note({ ...found, failure: failureType(dialed.connection, found.policy === 'sts') })
    return dialed
  } catch (error) {
    const isTls = error instanceof Fault && error.stage === 'tls'
    if (isTls) tools.note({ ...found, failure: 'validation-failure' })
    if (!isTls || isEnforced)
      return isTls ? unsafe(target.host, error.message) : failureOf(error, target.host)
  }
  // RFC 7435: what can't be had encrypted goes in clear, as to a server that offers no TLS.
  try {
    return await opened({ ...target, tls: 'none' }, undefined, tools)
  } catch (error) {
    return failureOf(error, target.host)
  }
}

async function opened(
  target: ServerTarget,
  tlsPolicy: string | undefined,
  { connection: options }: DialTools,
): Promise<Dialed> {
  const connection = await openConnection(target, options)
  if (connection.capabilities.name !== options.hostName) return { connection, tlsPolicy }
  connection[Symbol.dispose]()
  throw new Fault('greeting', 'the server is this one: mail would go round in a circle', {
    code: 554,
    status: '5.4.6',
    lines: [],
  })
}

/** RFC 8460 §4.3; without a policy an unproved certificate is no failure. */
function failureType({ tls }: Connection, hasPolicy: boolean): string {
  if (!tls) return 'starttls-not-supported'
  if (!hasPolicy || tls.isProved) return ''
  if (tls.flaw === 'CERT_HAS_EXPIRED') return 'certificate-expired'
  return tls.flaw === 'ERR_TLS_CERT_ALTNAME_INVALID' ? 'certificate-host-mismatch' : 'certificate-not-trusted'
}

function unsafe(server: string, reason: string): DialFailure {
  return { status: '4.7.5', reason, server, isUnreachable: false }
}

/** That our own login is refused is no fault of the message. */
function failureOf(error: unknown, server: string): DialFailure {
  const fault = error instanceof Fault ? error : undefined
  const reason = fault?.message ?? 'The server could not be talked to.'
  const isUnreachable = fault?.reply === undefined
  if (!fault?.reply || fault.stage === 'login') return { status: '4.4.1', reason, server, isUnreachable }
  return { status: statusOf(fault.reply), reason, server, isUnreachable }
}

/** It is over only where every server said so. */
function worst(failures: readonly DialFailure[]): DialFailure {
  const lasting = failures.find(({ status }) => !status.startsWith('5'))
  const last = failures.at(-1)!
  return lasting
    ? { ...lasting, isUnreachable: failures.every(({ isUnreachable }) => isUnreachable) }
    : { ...last, isUnreachable: false }
}
