/** One request on its way to another one's service, and the answer on its way back. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { standardError, type StandardErrorCode } from '#contracts/errors.ts'
import type { Balancer, Lease } from '#platform/balance/balancer.ts'
import type { Outcome } from '#platform/balance/breaker.ts'
import type { ProxiedService } from '#platform/host/directory.ts'
import type { Exchange } from '#services/gateway/http/exchange.ts'
import { doorError } from '#services/gateway/http/problem.ts'
import { linger } from '#services/gateway/http/write.ts'
import type { ConnectionUser, UpstreamConnection } from './connection.ts'
import type { RequestFraming } from './request-head.ts'
import { MalformedResponse, type ResponseHead } from './response-head.ts'
import type { Upstream } from './upstream.ts'

export type ProxiedEndpoint = ProxiedService['endpoints'][number]
export type Upstreams = Balancer<ProxiedEndpoint, Upstream>
export type Work = Lease<ProxiedEndpoint, Upstream>

/** RFC 9110 §9.2.2. Without content they can be sent again. */
const idempotent = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])
/** The instance can't answer; another one may. */
const elsewhere = new Set([502, 503, 504])

export class Forwarding implements ConnectionUser {
  readonly #upstreams: Upstreams
  readonly #exchange: Exchange
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #head: string
  readonly #framing: RequestFraming
  readonly #tried: Work[] = []
  #work: Work | undefined
  #connection: UpstreamConnection | undefined
  /** Its beginning has been passed on. */
  #response: ResponseHead | undefined
  #bytes = 0
  #isSent = false
  #isClientBusy = false
  #isOver = false

  constructor(upstreams: Upstreams, exchange: Exchange, head: string, framing: RequestFraming) {
    this.#upstreams = upstreams
    this.#exchange = exchange
    this.#incoming = exchange.incoming
    this.#outgoing = exchange.outgoing
    this.#head = head
    this.#framing = framing
  }

  start(): void {
    this.#outgoing.on('close', () => this.#clientClosed())
    this.#upstreams.retries.countRequest()
    this.#attempt()
  }

  onConnected(connection: UpstreamConnection): void {
    if (this.#isOver) return connection.abandon()
    this.#connection = connection
    connection.sendHead(this.#head, this.#incoming.method === 'HEAD')
    if (this.#framing === 'none') this.#isSent = true
    else this.#sendContent(connection)
  }

  onDrain(): void {
    this.#incoming.resume()
  }

  onHead(head: ResponseHead): void {
    if (elsewhere.has(head.status) && this.#isRepeatable && this.#hasAnother())
      return this.#tryAnother('failure')
    const headers: Record<string, string> = {}
    // The deadline was first; then the client has its answer and `close` follows.
    if (!this.#exchange.begin(headers)) return
    this.#response = head
    for (const name in headers) head.fields.push(name, headers[name]!)
    writeHead(this.#outgoing, head)
  }

  onContent(bytes: Buffer, isLast: boolean): void {
    if (!this.#response) return
    this.#bytes += bytes.length
    // The next read goes into the same buffer.
    const copy = Buffer.from(bytes)
    if (isLast) this.#outgoing.end(copy)
    else if (!this.#outgoing.write(copy)) this.#waitForClient()
  }

  onEnd(): void {
    if (!this.#response) return
    const { status, isPersistent, keepAliveSeconds } = this.#response
    if (!this.#outgoing.writableEnded) this.#outgoing.end()
    this.#connection!.release(isPersistent && this.#isSent, keepAliveSeconds)
    this.#finish(status >= 500 ? 'failure' : 'success')
    if (!this.#isSent) linger(this.#incoming)
  }

  onUpgrade(): void {
    this.#connection!.destroy(new MalformedResponse('101 that nobody asked for'))
  }

  onFailure(error: Error, connection: UpstreamConnection): void {
    if (this.#isOver) return
    const isConnected = this.#connection !== undefined
    const isStale = connection.isReused && !connection.hasResponseBegun
    if (this.#response) return this.#breakOff()
    if (isStale && this.#isRepeatable) {
      // It was closed while it was idle: nobody's fault.
      this.#work!.end('abandoned')
      return this.#attempt()
    }
    const outcome = isConnected ? 'failure' : 'unreachable'
    // Without a connection nothing of the request has been read.
    if ((this.#isRepeatable || !isConnected) && this.#hasAnother()) return this.#tryAnother(outcome)
    this.#finish(outcome)
    this.#exchange.fail(
      isConnected
        ? doorError('badGateway', `The service does not answer as it should: ${error.message}.`)
        : standardError('unavailable', 'The service can not be reached.', { retryAfterSeconds: 1 }),
    )
  }

  #attempt(): void {
    const work = this.#upstreams.choose(this.#tried)
    if (!work) return this.#exchange.fail(standardError('unavailable', undefined, { retryAfterSeconds: 1 }))
    this.#work = work
    this.#connection = undefined
    work.target.connect(this)
  }

  get #isRepeatable(): boolean {
    return this.#framing === 'none' && idempotent.has(this.#incoming.method!)
  }

  #hasAnother(): boolean {
    return this.#upstreams.hasOther([...this.#tried, this.#work!]) && this.#upstreams.retries.take()
  }

  #tryAnother(outcome: Outcome): void {
    this.#work!.end(outcome)
    this.#tried.push(this.#work!)
    this.#connection?.abandon()
    this.#attempt()
  }

  #sendContent(connection: UpstreamConnection): void {
    const isChunked = this.#framing === 'chunked'
    this.#incoming.on('data', (bytes: Buffer) => {
      // What comes when the answer is there is thrown away.
      if (this.#isOver) return
      const hasRoom = isChunked ? connection.writeChunk(bytes) : connection.write(bytes)
      if (!hasRoom) this.#incoming.pause()
    })
    this.#incoming.on('end', () => {
      if (this.#isOver) return
      this.#isSent = true
      if (isChunked) connection.write('0\r\n\r\n')
    })
  }

  #waitForClient(): void {
    if (this.#isClientBusy) return
    this.#isClientBusy = true
    this.#connection!.pause()
    this.#outgoing.once('drain', () => {
      this.#isClientBusy = false
      if (!this.#isOver) this.#connection!.resume()
    })
  }

  /** The answer has been sent, by us or because the deadline was over, or the client has gone. */
  #clientClosed(): void {
    if (this.#isOver) return
    const isAnswered = this.#outgoing.writableFinished
    this.#connection?.abandon()
    this.#finish(isAnswered ? 'failure' : 'abandoned', 'cancelled')
    if (!isAnswered) this.#exchange.fail(standardError('cancelled'))
  }

  /** What the client has is not the whole, and it must not take it for that. */
  #breakOff(): void {
    this.#finish('failure', 'unavailable')
    this.#outgoing.destroy()
  }

  #finish(outcome: Outcome, error?: StandardErrorCode): void {
    this.#isOver = true
    this.#work?.end(outcome)
    if (this.#framing !== 'none') this.#incoming.resume()
    if (this.#response) this.#exchange.finish({ status: this.#response.status, bytes: this.#bytes, error })
  }
}

function writeHead(outgoing: ServerResponse, { status, reason, fields }: ResponseHead): void {
  if (outgoing.req.httpVersionMajor === 1) return void outgoing.writeHead(status, reason, fields)
  const headers: Record<string, string[]> = {}
  for (let i = 0; i < fields.length; i += 2) (headers[fields[i]!.toLowerCase()] ??= []).push(fields[i + 1]!)
  outgoing.writeHead(status, headers)
}
