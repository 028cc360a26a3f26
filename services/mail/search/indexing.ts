/** Writes the words of messages into the index, some time after they came. */
import type { Database } from '#platform/database/database.ts'
import type { ParsedMessage } from '../mime/message.ts'
import type { Context } from '../settings.ts'
import { insertWords, unindexedMessages, type WordsRow } from '../store/words.ts'
import { textsOf, tsvectorOf, wordsOf, type SearchedTexts, type Words } from './words.ts'

export interface ToIndex {
  messageId: string
  accountNumber: number
  /** Words that were read already, or what to read them from. */
  words: Words | SearchedTexts
}

const perStatement = { messages: 200, characters: 4_000_000 }
const perRun = 5_000
const readAtOnce = 50

/** What is indexed already is indexed anew. Nothing waits for one another but the database. */
export async function indexMessages({ db }: { db: Database }, items: readonly ToIndex[]): Promise<void> {
  let rows: WordsRow[] = []
  let characters = 0
  for (const { messageId, accountNumber, words } of items) {
    const row = {
      messageId,
      words: tsvectorOf(words instanceof Map ? words : wordsOf(words as SearchedTexts), accountNumber),
    }
    rows.push(row)
    characters += row.words.length
    if (rows.length < perStatement.messages && characters < perStatement.characters) continue
    await insertWords(db, rows)
    rows = []
    characters = 0
  }
  await insertWords(db, rows)
}

/** A job: what was left over, by crashes or haste. What cannot be read is tried again the next time. */
export function indexLeft(readStored: (context: Context, blob: string) => Promise<ParsedMessage>) {
  return async (context: Context & { signal: AbortSignal }): Promise<void> => {
    let before: string | undefined
    for (let done = 0; done < perRun && !context.signal.aborted;) {
      const left = await unindexedMessages(context.db, { before, limit: readAtOnce })
      if (left.length === 0) return
      done += left.length
      before = left.at(-1)?.messageId
      const items: ToIndex[] = []
      for (const { messageId, accountNumber, blob } of left)
        try {
          items.push({ messageId, accountNumber, words: textsOf(await readStored(context, blob)) })
        } catch (error) {
          context.log.error({ error, messageId }, 'a message could not be read for the index')
        }
      await indexMessages(context, items)
    }
  }
}
