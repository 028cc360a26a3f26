import type { Sequence } from '#contracts/contract.ts'

/** An item as it goes out: turned into text once, whoever gets it. */
export class Item {
  readonly sequence: Sequence | undefined
  readonly #json: string
  /** By subscription id: sockets that gave the same id are sent the same bytes. */
  #messages: Map<number, Buffer> | undefined
  #event: Buffer | undefined

  constructor(value: unknown, sequence: Sequence | undefined) {
    this.sequence = sequence
    this.#json = JSON.stringify(value)
  }

  get sizeBytes(): number {
    return this.#json.length
  }

  /** A `ServerMessage`. */
  message(id: number): Buffer {
    this.#messages ??= new Map()
    let message = this.#messages.get(id)
    if (!message) {
      const sequence = this.sequence === undefined ? '' : `,"sequence":${JSON.stringify(this.sequence)}`
      message = Buffer.from(`{"type":"item","id":${id}${sequence},"item":${this.#json}}`)
      this.#messages.set(id, message)
    }
    return message
  }

  /** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
  get event(): Buffer {
    const id = this.sequence === undefined ? '' : `id: ${this.sequence}\n`
    return (this.#event ??= Buffer.from(`${id}data: ${this.#json}\n\n`))
  }

  /** Keeps the text, from which the rest can be made again. */
  forgetBytes(): void {
    this.#messages = undefined
    this.#event = undefined
  }
}
