import type { IncomingMessage } from 'node:http'
import { doorError } from '#services/gateway/http/problem.ts'

/** Whose body is still coming. */
export interface Arriving {
  readonly incoming: IncomingMessage
  fail(error: Error): void
}

/** A body must bring so much in so long, unless we are the slow side. Apache's mod_reqtimeout has the same figures. */
const spanMs = 20_000
const leastBytes = 10_000

/** Fails requests whose body trickles in. One timer watches all. */
export class Arrivals implements Disposable {
  readonly #arriving = new Map<Arriving, { since: number; bytesRead: number } | undefined>()
  readonly #timer = setInterval(() => this.#failSlow(performance.now()), 1_000).unref()

  add(arriving: Arriving): void {
    this.#arriving.set(arriving, undefined)
  }

  delete(arriving: Arriving): void {
    this.#arriving.delete(arriving)
  }

  #failSlow(now: number): void {
    for (const [arriving, span] of this.#arriving) {
      const { complete, destroyed, readableLength, socket } = arriving.incoming
      const bytesRead = destroyed ? 0 : socket.bytesRead
      if (complete || destroyed) this.#arriving.delete(arriving)
      else if (!span || readableLength > 0 || bytesRead - span.bytesRead >= leastBytes)
        this.#arriving.set(arriving, { since: now, bytesRead })
      else if (now - span.since >= spanMs) {
        this.#arriving.delete(arriving)
        arriving.fail(doorError('requestTimeout', 'The body did not arrive in time.'))
      }
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
