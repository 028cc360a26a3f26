import type { Reply } from './reply.ts'

/**
 * Where it stood when it broke. `connect`: nobody is there. `tls`: encryption did not come about. `injected`: somebody
 * meddles with its beginning. `end`: the whole message was sent, and perhaps taken.
 */
export type Stage = 'connect' | 'greeting' | 'tls' | 'injected' | 'login' | 'transaction' | 'end'

/** A conversation that ended otherwise than by an answer to the message. */
export class Fault extends Error {
  readonly stage: Stage
  /** What the server said; undefined where it did not. */
  readonly reply: Reply | undefined

  constructor(stage: Stage, message: string, reply?: Reply) {
    super(message)
    this.name = 'Fault'
    this.stage = stage
    this.reply = reply
  }
}
