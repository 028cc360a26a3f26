/** The port to whoever carries messages of a channel on. */
import type { z } from 'zod'
import type { Rendering } from '#contracts/notifications.ts'
import type { Language } from '../rendering/catalogue.ts'

export interface Message {
  notificationId: string
  /** E-mail address or phone number. */
  to: string
  language: Language
  rendering: z.output<typeof Rendering>
  /** Where people choose what they are told; null where they can't. */
  preferencesUrl: string | null
}

export interface Provider extends AsyncDisposable {
  /** Gives what the next server said when it took the message. Rejects with a `Refusal`. Aborted, it lets go at once. */
  send(message: Message, signal: AbortSignal): Promise<string>
}

/** Who is to blame tells the circuit breaker whether to count it. */
type Blame = 'message' | 'recipient' | 'provider'

export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** Trying again would end the same. */
  readonly isFinal: boolean
  readonly blame: Blame

  constructor(detail: string, isFinal: boolean, blame: Blame) {
    super(detail)
    this.isFinal = isFinal
    this.blame = blame
  }
}
