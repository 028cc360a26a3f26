import type { Sequence } from '#contracts/contract.ts'
import type { CallError } from '#contracts/errors.ts'
import type { Feed } from './feed.ts'
import type { Item } from './item.ts'
import type { Subject } from './subject.ts'

/** One client's part in a stream, by whatever door it came. */
export abstract class Subscription {
  subject: Subject | undefined
  /** Undefined while it lags: when it has room again it resumes. */
  feed: Feed | undefined
  /** Sequence of the last item sent; at first, of the last one the client saw. */
  after: Sequence | undefined
  /** Its client does not want it any more, or it was ended. */
  isOver = false

  /** Whether the client can be sent an item now. When that becomes true, `wake` is called. */
  abstract get hasRoom(): boolean
  abstract deliver(item: Item): void
  /** The last thing it is told; without an error the stream is over. */
  abstract end(error?: CallError, traceId?: string): void

  send(item: Item): void {
    this.after = item.sequence
    this.deliver(item)
  }

  wake(): void {
    if (this.feed) this.feed.wake()
    else this.subject?.join(this)
  }

  leave(): void {
    this.isOver = true
    this.feed?.remove(this)
    this.subject?.remove()
    this.feed = undefined
    this.subject = undefined
  }
}
