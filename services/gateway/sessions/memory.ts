/** What a gateway remembers of tokens that it has asked about. */
import type { Identity } from '#platform/identity.ts'

export interface KnownSession {
  readonly token: string
  readonly identity: Identity
  /** Whose it is: an account, or a service key. */
  readonly accountId: string
  readonly sessionId: string
  /** On the clock of `performance.now()`, as all times here. When identity was asked. */
  readonly confirmedAt: number
  readonly expiresAt: number
}

interface Entry extends KnownSession {
  wasUsed: boolean
}

/** A bounded number of sessions by token; one that nobody used lately makes room for a new one. */
export class SessionMemory {
  readonly #most: number
  /** From the one that has been there, or spared, for the longest. */
  readonly #entries = new Map<string, Entry>()
  readonly #ofAccount = new Map<string, Set<Entry>>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#entries.size
  }

  find(token: string): KnownSession | undefined {
    const entry = this.#entries.get(token)
    if (entry) entry.wasUsed = true
    return entry
  }

  remember(session: KnownSession): void {
    this.forgetToken(session.token)
    if (this.#entries.size >= this.#most) this.#makeRoom()
    const entry = { ...session, wasUsed: false }
    this.#entries.set(session.token, entry)
    const { accountId } = session
    const siblings = this.#ofAccount.get(accountId)
    if (siblings) siblings.add(entry)
    else this.#ofAccount.set(accountId, new Set([entry]))
  }

  forgetToken(token: string): void {
    const entry = this.#entries.get(token)
    if (entry) this.#remove(entry)
  }

  /** One session of the account, or all of them. */
  forget(accountId: string, sessionId: string | null): void {
    for (const entry of this.#ofAccount.get(accountId) ?? [])
      if (sessionId === null || entry.sessionId === sessionId) this.#remove(entry)
  }

  clear(): void {
    this.#entries.clear()
    this.#ofAccount.clear()
  }

  /** Second chance: what was used since it was last looked at goes to the end of the line. */
  #makeRoom(): void {
    for (const entry of this.#entries.values()) {
      if (!entry.wasUsed) return this.#remove(entry)
      entry.wasUsed = false
      this.#entries.delete(entry.token)
      this.#entries.set(entry.token, entry)
    }
  }

  #remove(entry: Entry): void {
    const { accountId } = entry
    const siblings = this.#ofAccount.get(accountId)!
    this.#entries.delete(entry.token)
    siblings.delete(entry)
    if (siblings.size === 0) this.#ofAccount.delete(accountId)
  }
}
