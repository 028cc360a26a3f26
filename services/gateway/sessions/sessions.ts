/** Whose token it is: known from memory, else asked of identity once, and forgotten when identity says so. */
import { createHash } from 'node:crypto'
import { createClient, type Client } from '#contracts/client.ts'
import type { Contract } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import { identity } from '#contracts/identity.ts'
import type { Session } from '#contracts/identity/sign-in.ts'
import type { Answerer } from '#platform/calls.ts'
import { callerFor } from '#platform/host/contexts.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import { counter, gauge } from '#platform/metrics.ts'
import { SessionMemory, type KnownSession } from './memory.ts'
import { followRevocations, type Told } from './revocations.ts'

/** How long a session goes on before identity is asked again. */
const trust = {
  /** While revocations are pushed. To ask also tells identity that the session is used. */
  pushedMs: 3_600_000,
  /** Since the last word of identity, when its revocations are not pushed any more. */
  unheardMs: 10_000,
  /** Since the last word of identity, when it does not answer either: the life of a signed identity inside. */
  silentMs: 300_000,
}
/** After identity did not answer, nobody asks again for a session that is known and not past `silentMs`. */
const restMs = 5_000
/** Whoever is known does not wait long to go on without an answer. */
const askDeadlineMs = { known: 1_000, unknown: 5_000 }
/** An unknown token never becomes a known one. */
const unknownMs = 10_000

/** A session takes about 700 bytes. */
export const sessionLimits = { ...trust, restMs, unknownMs, mostSessions: 100_000, mostUnknown: 10_000 }

/** Whether an identity is not true any more. */
export type IsOver = (identity: Identity) => boolean

export interface SessionsOptions {
  client: Client<typeof identity>
  log: Logger
  limits?: typeof sessionLimits
}

/** Undefined where identity is none of the contracts that the gateway reaches: then nobody has a session. */
export function sessionsFor(
  contracts: readonly Contract[],
  answerer: Answerer,
  log: Logger,
): Sessions | undefined {
  if (!contracts.includes(identity)) return undefined
  const caller = callerFor(answerer, { identity: { kind: 'service', name: 'gateway' } })
  return new Sessions({ client: createClient(identity, caller), log })
}

export class Sessions implements AsyncDisposable {
  readonly #client: Client<typeof identity>
  readonly #limits: typeof sessionLimits
  readonly #memory: SessionMemory
  /** Tokens that are nobody's, and until when that is remembered. */
  readonly #unknown = new Map<string, number>()
  readonly #lookups = new Map<string, Promise<Identity | undefined>>()
  /** For each ask on its way, what was revoked meanwhile and may not show in its answer. */
  readonly #asks = new Set<IsOver[]>()
  readonly #listeners = new Set<(isOver: IsOver) => void>()
  readonly #following: AsyncDisposable
  readonly #timer: NodeJS.Timeout
  /** Times are those of `performance.now()`. Every revocation up to this one is known. */
  #heardAt = -Infinity
  #restUntil = -Infinity
  #endedAllAt = performance.now()

  constructor({ client, log, limits = sessionLimits }: SessionsOptions) {
    this.#client = client
    this.#limits = limits
    this.#memory = new SessionMemory(limits.mostSessions)
    this.#following = followRevocations({ client, log, take: (told) => this.#take(told) })
    this.#timer = setInterval(() => this.#endUnheard(), 1_000)
    gauge('dakghar_sessions_known', 'Sessions that the gateway remembers.', [], (metric) =>
      metric.set(this.#memory.size),
    )
    gauge('dakghar_revocations_silence_seconds', 'Time since identity told its revocations.', [], (metric) =>
      metric.set((performance.now() - this.#heardAt) / 1000),
    )
  }

  /** Undefined unless it is known and need not be asked for. */
  recall(token: string): Identity | undefined {
    const known = this.#memory.find(token)
    return known && this.#isTrusted(known, performance.now()) ? known.identity : undefined
  }

  /**
   * Undefined for a token that is nobody's. A promise only when identity has to be asked; rejects with `unavailable`
   * when it does not answer.
   */
  find(token: string): Identity | undefined | Promise<Identity | undefined> {
    const known = this.recall(token)
    if (known) return known
    if ((this.#unknown.get(token) ?? 0) > performance.now()) return undefined
    return this.#lookups.get(token) ?? this.#lookUp(flat(token))
  }

  /** What its owner ended here; identity tells the other gateways, and this one again. */
  end(who: Identity): void {
    if (who.kind !== 'account') return
    this.#memory.forget(who.accountId, who.sessionId)
    this.#tell((other) => other.kind === 'account' && other.sessionId === who.sessionId)
  }

  /** Tells what to end of all that outlives a request; gives the way to stop being told. */
  onRevoked(listener: (isOver: IsOver) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#following[Symbol.asyncDispose]()
  }

  #isTrusted({ confirmedAt, expiresAt }: KnownSession, now: number): boolean {
    if (now >= expiresAt) return false
    const unheardMs = now - Math.max(confirmedAt, this.#heardAt)
    if (now < this.#restUntil) return unheardMs < this.#limits.silentMs
    return unheardMs < this.#limits.unheardMs && now - confirmedAt < this.#limits.pushedMs
  }

  #lookUp(token: string): Promise<Identity | undefined> {
    const lookup = this.#ask(token)
      .catch(() => {
        asks.inc({ outcome: 'failed' })
        const now = performance.now()
        this.#restUntil = now + this.#limits.restMs
        const known = this.#memory.find(token)
        if (known && this.#isTrusted(known, now)) return known.identity
        throw standardError('unavailable', 'Nobody can say whose session this is.', { retryAfterSeconds: 1 })
      })
      .finally(() => this.#lookups.delete(token))
    this.#lookups.set(token, lookup)
    return lookup
  }

  async #ask(token: string): Promise<Identity | undefined> {
    const asked = isAccessToken(token) ? { accessToken: token } : { tokenHash: hashOf(token) }
    const deadlineMs = this.#memory.find(token) ? askDeadlineMs.known : askDeadlineMs.unknown
    for (;;) {
      const revoked: IsOver[] = []
      this.#asks.add(revoked)
      const confirmedAt = performance.now()
      try {
        const { session } = await this.#client.showSession(asked, { deadlineMs })
        asks.inc({ outcome: session ? 'known' : 'unknown' })
        if (!session) return this.#takeUnknown(token)
        const who = identityOf(session)
        if (revoked.some((isOver) => isOver(who))) continue
        const expiresAt = performance.now() + Date.parse(session.expiresAt) - Date.now()
        const accountId = session.kind === 'account' ? session.accountId : session.id
        this.#memory.remember({
          token,
          identity: who,
          accountId,
          sessionId: session.id,
          confirmedAt,
          expiresAt,
        })
        return who
      } finally {
        this.#asks.delete(revoked)
      }
    }
  }

  #takeUnknown(token: string): undefined {
    this.#memory.forgetToken(token)
    if (this.#unknown.size >= this.#limits.mostUnknown) this.#unknown.clear()
    this.#unknown.set(token, performance.now() + this.#limits.unknownMs)
  }

  #take({ revoked, isReset }: Told): void {
    if (isReset) {
      this.#memory.clear()
      this.#tell(hasSession)
    }
    for (const { accountId, sessionId } of revoked) this.#memory.forget(accountId, sessionId)
    if (revoked.length > 0) {
      const ids = new Set(revoked.map(({ accountId, sessionId }) => sessionId ?? accountId))
      this.#tell((who) => idsOf(who).some((id) => ids.has(id)))
    }
    this.#heardAt = performance.now()
  }

  /** What lives longer than a request is trusted no longer than a request. */
  #endUnheard(): void {
    const now = performance.now()
    if (now - Math.max(this.#heardAt, this.#endedAllAt) < this.#limits.silentMs) return
    this.#endedAllAt = now
    this.#tell(hasSession)
  }

  #tell(isOver: IsOver): void {
    for (const revoked of this.#asks) revoked.push(isOver)
    for (const listener of this.#listeners) listener(isOver)
  }
}

/** A text cut out of a header keeps the whole header in memory; its copy does not. */
function flat(token: string): string {
  return Buffer.from(token, 'latin1').toString('latin1')
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** A JWT (RFC 7519 §3). */
function isAccessToken(token: string): boolean {
  return token.includes('.')
}

function identityOf(session: Session): Identity {
  const { id, scopes } = session
  if (session.kind === 'service')
    return { kind: 'service', name: session.name, scopes: session.scopes, keyId: id }
  const { accountId, roles, isVerified } = session
  return { kind: 'account', accountId, sessionId: id, roles, isVerified, ...(scopes && { scopes }) }
}

/** Of everything whose end takes it away. */
function idsOf(who: Identity): string[] {
  if (who.kind === 'account') return [who.sessionId, who.accountId]
  return who.kind === 'service' && who.keyId ? [who.keyId] : []
}

function hasSession(who: Identity): boolean {
  return idsOf(who).length > 0
}

const asks = counter('dakghar_session_asks_total', 'Sessions that identity was asked for.', ['outcome'])
