/** A request to leave HTTP: after the answer 101 bytes go both ways, RFC 9110 §7.8. */
import type { Duplex } from 'node:stream'
import { standardError } from '#contracts/errors.ts'
import { doorError } from '#services/gateway/http/problem.ts'
import type { ConnectionUser, UpstreamConnection } from './connection.ts'
import type { Upstreams, Work } from './forwarding.ts'
import type { ResponseHead } from './response-head.ts'

/** For the upstream's answer. */
const answerMs = 30_000

/**
 * `head` is that of the request, `early` what the client has sent behind it. Resolves when the client has an answer;
 * rejects with a `CallError` when it still needs one.
 */
export function openTunnel(upstreams: Upstreams, head: string, client: Duplex, early: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const tunnel = new Tunnel(upstreams, head, client, early, { resolve, reject })
    tunnel.start()
  })
}

class Tunnel implements ConnectionUser {
  readonly #upstreams: Upstreams
  readonly #head: string
  readonly #client: Duplex
  readonly #early: Buffer
  readonly #answered: { resolve(): void; reject(error: Error): void }
  readonly #tried: Work[] = []
  #work: Work | undefined
  #connection: UpstreamConnection | undefined
  #timer: NodeJS.Timeout | undefined
  #isAnswered = false

  constructor(
    upstreams: Upstreams,
    head: string,
    client: Duplex,
    early: Buffer,
    answered: { resolve(): void; reject(error: Error): void },
  ) {
    this.#upstreams = upstreams
    this.#head = head
    this.#client = client
    this.#early = early
    this.#answered = answered
  }

  start(): void {
    const giveUp = () => this.#connection?.destroy(new Error('no answer in time'))
    this.#timer = setTimeout(giveUp, answerMs)
    this.#client.on('error', () => {}).on('close', () => this.#leave('abandoned'))
    this.#attempt()
  }

  onConnected(connection: UpstreamConnection): void {
    this.#connection = connection
    if (this.#client.destroyed) return this.#leave('abandoned')
    connection.sendHead(this.#head, false)
  }

  onUpgrade({ reason, fields }: ResponseHead): void {
    const connection = this.#connection!
    this.#answer(101, reason, ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...fields])
    connection.becomeTunnel()
    if (this.#early.length > 0) connection.write(this.#early)
    this.#client
      .on('data', (bytes: Buffer) => void (connection.write(bytes) || this.#client.pause()))
      .on('drain', () => connection.resume())
      .on('end', () => this.#leave('abandoned'))
      .resume()
  }

  /** The upstream stays with HTTP: its answer is the last on the connection. */
  onHead({ status, reason, fields }: ResponseHead): void {
    this.#answer(status, reason, ['Connection', 'close', ...fields])
  }

  onContent(bytes: Buffer): void {
    // The next read goes into the same buffer.
    if (!this.#client.write(Buffer.from(bytes))) this.#connection!.pause()
  }

  onEnd(): void {
    this.#leave('abandoned')
  }

  onDrain(): void {
    this.#client.resume()
  }

  onFailure(error: Error): void {
    const isConnected = this.#connection !== undefined
    this.#connection = undefined
    if (this.#isAnswered) return this.#leave('abandoned')
    this.#work!.end(isConnected ? 'failure' : 'unreachable')
    this.#tried.push(this.#work!)
    if (!isConnected && this.#upstreams.hasOther(this.#tried)) return this.#attempt()
    clearTimeout(this.#timer)
    this.#answered.reject(
      doorError('badGateway', `The service does not answer as it should: ${error.message}.`),
    )
  }

  #attempt(): void {
    this.#work = this.#upstreams.choose(this.#tried)
    if (this.#work) this.#work.target.connect(this)
    else this.#answered.reject(standardError('unavailable'))
  }

  #answer(status: number, reason: string, fields: readonly string[]): void {
    clearTimeout(this.#timer)
    this.#work!.report(status < 500 ? 'success' : 'failure')
    let head = `HTTP/1.1 ${status} ${reason}\r\n`
    for (let i = 0; i < fields.length; i += 2) head += `${fields[i]}: ${fields[i + 1]}\r\n`
    this.#client.write(`${head}\r\n`, 'latin1')
    this.#isAnswered = true
    this.#answered.resolve()
  }

  /** Either side has ended. */
  #leave(outcome: 'abandoned'): void {
    clearTimeout(this.#timer)
    this.#work?.end(outcome)
    this.#connection?.abandon()
    if (!this.#isAnswered) this.#answered.resolve()
    this.#client.end(() => this.#client.destroy())
  }
}
