import { UpstreamConnection, type ConnectionUser, type UpstreamOptions } from './connection.ts'

/** The connections to one instance of another one's service. */
export class Upstream implements Disposable {
  readonly #options: UpstreamOptions
  readonly #connections = new Set<UpstreamConnection>()
  /** The one used last comes first: the rest grows old and closes. */
  readonly #idle: UpstreamConnection[] = []
  readonly #timer: NodeJS.Timeout
  #isClosing = false

  /** `http://host:port` or `https://…`. */
  constructor(address: string) {
    const { protocol, hostname, port } = new URL(address)
    const isTls = protocol === 'https:'
    const host = hostname.replace(/^\[|\]$/g, '')
    this.#options = { host, port: Number(port || (isTls ? 443 : 80)), isTls }
    this.#timer = setInterval(() => this.#tick(), 1_000).unref()
  }

  /** Gives the user a connection, at once when one is idle. */
  connect(user: ConnectionUser): void {
    const idle = this.#idle.pop()
    if (idle) idle.give(user)
    else this.#connections.add(new UpstreamConnection(this.#options, user, this))
  }

  onIdle(connection: UpstreamConnection): void {
    if (this.#isClosing) connection.destroy()
    else this.#idle.push(connection)
  }

  onClose(connection: UpstreamConnection): void {
    this.#connections.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at !== -1) this.#idle.splice(at, 1)
  }

  /** Idle connections close now, the others when their requests are done. */
  [Symbol.dispose](): void {
    this.#isClosing = true
    clearInterval(this.#timer)
    for (const connection of this.#idle.splice(0)) connection.destroy()
  }

  #tick(): void {
    for (const connection of this.#connections) connection.tick()
  }
}
