/** This process in the registry: one lease, from the start of the process to its end. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InputOf } from '#contracts/client.ts'
import { CallError } from '#contracts/errors.ts'
import type { registry } from '#contracts/registry.ts'
import type { Discovery } from './discovery.ts'

type Announced = InputOf<typeof registry.streams.lease>

const beatMs = 1_000
const beatTimeoutMs = 2_000
const firstDelayMs = 50
const longestDelayMs = 1_000
/** How long a change of state waits for a registry to take it. */
const announceTimeoutMs = 1_000
/** How long everybody has to hear that this process is draining, once the registry knows and pushes it. */
const spreadMs = 250

/**
 * After so long without a lease the process comes back as a new one: followers may remember that the old one was
 * removed, when the registry does not any more.
 */
const sameForMs = 600_000

type ProcessDescription = Pick<Announced, 'services' | 'address' | 'version'>

/** Registered as `starting` in the background, and again whenever the lease is lost; leaves when disposed of. */
export class Registration implements AsyncDisposable {
  readonly #discovery: Discovery
  readonly #process: ProcessDescription
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #id = randomUUID()
  #state: Announced['state'] = 'starting'
  /** While the lease is open. */
  #beat: (() => Promise<void>) | undefined
  #renewedAt = Date.now()
  #failures = 0
  #announced: { state: Announced['state']; heard: () => void } | undefined

  constructor(discovery: Discovery, process: ProcessDescription) {
    this.#discovery = discovery
    this.#process = process
    this.#running = this.#run(this.#stopping.signal)
  }

  /** Of this process in the registry; another one once that has forgotten it. */
  get id(): string {
    return this.#id
  }

  /** Gets work from now on. Resolves when a registry has written it, or after a second. */
  ready(): Promise<void> {
    return this.#announce('ready')
  }

  /** Gets no new work any more. Resolves when those who send it could have heard of it. */
  async drain(): Promise<void> {
    const isRegistered = this.#beat !== undefined
    this.#state = 'draining'
    if (!isRegistered) return
    await this.#announce('draining')
    const others = [...this.#discovery.table.rows.keys()].filter((id) => id !== this.#id)
    if (others.length > 0) await sleep(spreadMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #announce(state: Announced['state']): Promise<void> {
    const heard = Promise.withResolvers<void>()
    this.#state = state
    this.#announced = { state, heard: heard.resolve }
    void this.#beat?.()
    const patience = new AbortController()
    const { signal } = patience
    await Promise.race([
      heard.promise,
      sleep(announceTimeoutMs, undefined, { signal }).catch(() => undefined),
    ])
    patience.abort()
  }

  async #run(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      if (Date.now() - this.#renewedAt > sameForMs) this.#id = randomUUID()
      await this.#holdLease(stopping).catch((error: unknown) => {
        if (error instanceof CallError && error.code === 'conflict') this.#id = randomUUID()
        else if (!stopping.aborted) this.#complain(error)
      })
      const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** this.#failures++)
      await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal: stopping }).catch(() => undefined)
    }
  }

  /** Once while no registry is there. */
  #complain(error: unknown): void {
    const { message } = error as Error
    this.#discovery.log[this.#failures === 0 ? 'warn' : 'debug'](`not registered, trying on: ${message}`)
  }

  async #holdLease(stopping: AbortSignal): Promise<void> {
    const { client, log } = this.#discovery
    const over = new AbortController()
    const signal = AbortSignal.any([stopping, over.signal])
    const [id, state] = [this.#id, this.#state]
    let timer: NodeJS.Timeout | undefined
    try {
      for await (const _ of client.lease({ ...this.#process, id, state }, { signal })) {
        log.debug({ id, state }, 'registered')
        this.#failures = 0
        this.#heard(state)
        this.#beat = () => this.#renew(id, over)
        timer ??= setInterval(this.#beat, beatMs)
        if (this.#state !== state) void this.#beat()
      }
    } finally {
      clearInterval(timer)
      this.#beat = undefined
      over.abort()
    }
  }

  async #renew(id: string, over: AbortController): Promise<void> {
    const state = this.#state
    try {
      const { isKnown } = await this.#discovery.client.renewLease(
        { id, state },
        { deadlineMs: beatTimeoutMs },
      )
      if (isKnown) this.#heard(state)
      else over.abort()
    } catch {
      // A beat that is lost is made good by the next, or the connection and the lease with it end.
    }
  }

  #heard(state: Announced['state']): void {
    this.#renewedAt = Date.now()
    if (this.#announced?.state === state) this.#announced.heard()
  }
}
