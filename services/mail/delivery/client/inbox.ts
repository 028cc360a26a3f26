import { replyParser, type Reply } from './reply.ts'

/** Replies that came and were not asked for yet, or are waited for. */
export interface Inbox {
  /** Gives what is wrong with the bytes, if anything is. */
  push(bytes: Buffer): string | undefined
  /** In order; undefined when it has ended. One at a time may be waited for. */
  next(): Promise<Reply | undefined>
  /** Nothing comes any more. The first reason stays. */
  end(reason: string): void
  readonly ending: string | undefined
  /** Nothing is there that was not asked for, and it has not ended. */
  readonly isEmpty: boolean
}

const mostReplies = 1_000

export function openInbox(): Inbox {
  const parser = replyParser()
  const replies: Reply[] = []
  let ending: string | undefined
  let give: ((reply: Reply | undefined) => void) | undefined

  function hand(reply: Reply | undefined) {
    give?.(reply)
    give = undefined
  }
  return {
    push(bytes) {
      try {
        replies.push(...parser.push(bytes))
      } catch (error) {
        return (error as Error).message
      }
      if (give && replies.length > 0) hand(replies.shift())
      return replies.length > mostReplies ? 'the other side talks without being asked' : undefined
    },
    next() {
      const ready = replies.shift()
      if (ready || ending !== undefined) return Promise.resolve(ready)
      return new Promise((resolve) => (give = resolve))
    },
    end(reason) {
      ending ??= reason
      hand(undefined)
    },
    get ending() {
      return ending
    },
    get isEmpty() {
      return ending === undefined && replies.length === 0 && parser.isEmpty
    },
  }
}
