import { Resolver as SystemResolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isOddName, rawQuery, type RawKind } from './raw-query.ts'
import { sizedCache } from './sized-cache.ts'

/** Whether a name has records of a kind. Never thrown: a name server that is silent is `failed`. */
export type DnsAnswer<T> =
  | { status: 'found'; records: T[] }
  /** The name exists, without records of this kind. */
  | { status: 'empty'; records: [] }
  /** NXDOMAIN, or a name that cannot be. */
  | { status: 'missing'; records: [] }
  /** Not known now: `timeout`, `servfail`, `refused`, `limit` or what else stood in the way. */
  | { status: 'failed'; records: []; reason: string }

export interface MxRecord {
  preference: number
  /** Lower case; empty where the domain takes no mail (RFC 7505). */
  exchange: string
}

export interface SrvRecord {
  priority: number
  weight: number
  port: number
  target: string
}

/** Names go in without the last dot; those that come out are in lower case without it. */
export interface Lookups {
  /** The strings of each record put together; octets stand as Latin-1. */
  txt(name: string): Promise<DnsAnswer<string>>
  a(name: string): Promise<DnsAnswer<string>>
  aaaa(name: string): Promise<DnsAnswer<string>>
  /** By preference, best first. */
  mx(name: string): Promise<DnsAnswer<MxRecord>>
  /** The names of an IPv4 or IPv6 address. */
  ptr(address: string): Promise<DnsAnswer<string>>
  srv(name: string): Promise<DnsAnswer<SrvRecord>>
  cname(name: string): Promise<DnsAnswer<string>>
}

export interface Resolver extends Lookups, Disposable {}

type Kind = keyof Lookups
type Question<T> = (system: SystemResolver, name: string) => Promise<{ records: T[]; ttlSeconds?: number }>

/** Of kinds whose time to live the system's resolver does not tell. */
const usualTtlSeconds = 300
const negativeTtlSeconds = 60
const failureTtlSeconds = 10
const cacheCharacters = 16 * 1024 * 1024

/**
 * Asks the name servers of this machine, or those named (`127.0.0.1:5353`), and remembers what they say. `timeoutMs`
 * bounds one look-up with its retries.
 */
export function openResolver({
  servers,
  timeoutMs = 5_000,
  now = Date.now,
}: { servers?: string[]; timeoutMs?: number; now?: () => number } = {}): Resolver {
  // The second try takes twice the time of the first.
  const system = new SystemResolver({ timeout: Math.ceil(timeoutMs / 3), tries: 2 })
  if (servers !== undefined) system.setServers(servers)
  const cache = sizedCache<DnsAnswer<unknown>>(cacheCharacters, now)
  const underWay = new Map<string, Promise<DnsAnswer<unknown>>>()

  function ask<T>(kind: Kind, name: string, question: Question<T>): Promise<DnsAnswer<T>> {
    const plain = normalized(name)
    if (!canBeName(plain)) return Promise.resolve({ status: 'missing', records: [] })
    const key = `${kind} ${plain}`
    const known = cache.get(key)
    if (known !== undefined) return Promise.resolve(known as DnsAnswer<T>)
    const running = underWay.get(key)
    if (running !== undefined) return running as Promise<DnsAnswer<T>>

    const records = isOddName(plain) ? askRaw(kind, plain) : question(system, plain)
    const asked = within(timeoutMs, records).then(({ answer, ttlSeconds }) => {
      underWay.delete(key)
      cache.set(key, answer, ttlSeconds, key.length + JSON.stringify(answer.records).length)
      return answer
    })
    underWay.set(key, asked)
    return asked
  }

  async function askRaw(kind: Kind, name: string) {
    if (!isRawKind(kind)) return { records: [] }
    const found = await rawQuery(system.getServers(), kind, name, Math.ceil(timeoutMs / 2))
    const records = found.map((record) =>
      'text' in record ? record.text : { preference: record.priority, exchange: normalized(record.exchange) },
    )
    return { records: records as never[] }
  }

  return {
    txt: (name) => ask('txt', name, questions.txt),
    a: (name) => ask('a', name, questions.a),
    aaaa: (name) => ask('aaaa', name, questions.aaaa),
    mx: (name) => ask('mx', name, questions.mx),
    ptr: (address) => ask('ptr', reverseName(address), questions.ptr),
    srv: (name) => ask('srv', name, questions.srv),
    cname: (name) => ask('cname', name, questions.cname),
    [Symbol.dispose]() {
      system.cancel()
    },
  }
}

const questions = {
  txt: async (system, name) => ({
    records: (await system.resolveTxt(name)).map((strings) => strings.join('')),
  }),
  a: async (system, name) => withTtl(await system.resolve4(name, { ttl: true })),
  aaaa: async (system, name) => withTtl(await system.resolve6(name, { ttl: true })),
  mx: async (system, name) => {
    const found = await system.resolveMx(name)
    const records = found.map(({ priority, exchange }) => ({
      preference: priority,
      exchange: normalized(exchange),
    }))
    return { records: records.toSorted((one, other) => one.preference - other.preference) }
  },
  ptr: async (system, name) => ({ records: (await system.resolvePtr(name)).map(normalized) }),
  srv: async (system, name) => {
    const found = await system.resolveSrv(name)
    return {
      records: found.map(({ priority, weight, port, name: target }) => ({
        priority,
        weight,
        port,
        target: normalized(target),
      })),
    }
  },
  cname: async (system, name) => ({ records: (await system.resolveCname(name)).map(normalized) }),
} satisfies { [K in Kind]: Question<unknown> }

function isRawKind(kind: Kind): kind is RawKind {
  return kind === 'a' || kind === 'aaaa' || kind === 'mx' || kind === 'txt'
}

function withTtl(found: { address: string; ttl: number }[]) {
  const shortest = found.reduce((least, { ttl }) => Math.min(least, ttl), 3600)
  return { records: found.map(({ address }) => address), ttlSeconds: Math.max(5, shortest) }
}

interface Outcome<T> {
  answer: DnsAnswer<T>
  ttlSeconds: number
}

/** The answer, or a failure once the time is over. */
function within<T>(
  timeoutMs: number,
  asked: Promise<{ records: T[]; ttlSeconds?: number }>,
): Promise<Outcome<T>> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(failure('timeout')), timeoutMs)
    asked
      .then(
        ({ records, ttlSeconds = usualTtlSeconds }): Outcome<T> =>
          records.length === 0
            ? { answer: { status: 'empty', records: [] }, ttlSeconds: negativeTtlSeconds }
            : { answer: { status: 'found', records }, ttlSeconds },
        (error: NodeJS.ErrnoException) => answerToError<T>(error.code ?? 'unknown'),
      )
      .then((outcome) => {
        clearTimeout(timer)
        resolve(outcome)
      })
      .catch(() => resolve(failure('unknown')))
  })
}

function answerToError<T>(code: string): Outcome<T> {
  if (code === 'ENODATA') return { answer: { status: 'empty', records: [] }, ttlSeconds: negativeTtlSeconds }
  if (code === 'ENOTFOUND' || code === 'EBADNAME' || code === 'ERR_INVALID_ARG_VALUE')
    return { answer: { status: 'missing', records: [] }, ttlSeconds: negativeTtlSeconds }
  return failure(code === 'ETIMEOUT' ? 'timeout' : code.replace(/^E/, '').toLowerCase())
}

function failure<T>(reason: string): Outcome<T> {
  return { answer: { status: 'failed', records: [], reason }, ttlSeconds: failureTtlSeconds }
}

/** `4.3.2.1.in-addr.arpa`; what is no address gives an empty name, which no one has. */
export function reverseName(address: string): string {
  if (isIP(address) === 0) return ''
  const parsed = ipaddr.process(address)
  const bytes = parsed.toByteArray().toReversed()
  if (parsed.kind() === 'ipv4') return `${bytes.join('.')}.in-addr.arpa`
  const nibbles = bytes.flatMap((byte) => [byte & 15, byte >> 4])
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`
}

function normalized(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/** RFC 1035 §2.3.4: labels of 1 to 63 octets, 253 in all as text. */
export function canBeName(name: string): boolean {
  return (
    name !== '' && name.length <= 253 && name.split('.').every((label) => label !== '' && label.length <= 63)
  )
}
