/** Writes the words of what has just come into the index, behind the backs of those who wait for an answer. */
import type { Context } from '../settings.ts'
import { indexMessages, type ToIndex } from '../search/indexing.ts'
import { textsOf } from '../search/words.ts'
import { accountNumbers } from '../store/accounts.ts'
import type { NewMessage } from '../store/arrivals.ts'

export interface Indexer extends AsyncDisposable {
  add(kept: readonly { id: string; message: NewMessage }[]): void
}

/** More are left to the job that indexes what is left. */
const mostWaiting = 500

export function openIndexer({ db, log }: Pick<Context, 'db' | 'log'>): Indexer {
  let waiting: { id: string; message: NewMessage }[] = []
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 50)
      const numbers = await accountNumbers(db, [...new Set(batch.map(({ message }) => message.accountId))])
      const items: ToIndex[] = []
      for (const { id, message } of batch) {
        const accountNumber = numbers.get(message.accountId)
        if (accountNumber !== undefined)
          items.push({ messageId: id, accountNumber, words: textsOf(message.parsed) })
      }
      await indexMessages({ db }, items)
    }
  }

  return {
    add(kept) {
      waiting.push(...kept.slice(0, mostWaiting - waiting.length))
      running ??= run()
        .catch((error: unknown) => {
          waiting = []
          log.warn({ err: error }, 'messages will be indexed later')
        })
        .finally(() => (running = undefined))
    },
    async [Symbol.asyncDispose]() {
      waiting = []
      await running
    },
  }
}
