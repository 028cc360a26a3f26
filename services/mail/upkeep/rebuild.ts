/** Reads every message again and puts right what was made of it. A running service does not mind. */
import type { Context } from '../settings.ts'
import { readStored } from '../reading/stored.ts'
import { textsOf, tsvectorOf, wordsOf } from '../search/words.ts'
import { parseAddresses } from '../mime/addresses.ts'
import { fieldOf, parseHeader } from '../mime/header.ts'
import type { ParsedMessage } from '../mime/message.ts'
import { accountNumbers } from '../store/accounts.ts'
import { readOf, referencesOf } from '../store/arrivals.ts'
import * as store from '../store/rebuilding.ts'

export interface Rebuilt {
  messages: number
  /** Were not as their bytes say. */
  mended: number
  /** Their bytes are not there. */
  missing: number
}

const atOnce = 100
const threadsAtOnce = 200
const firstId = '00000000-0000-0000-0000-000000000000'

export async function rebuild(
  context: Pick<Context, 'db' | 'blobs' | 'log'>,
  onProgress: (sofar: Rebuilt) => void = () => undefined,
): Promise<Rebuilt> {
  const rebuilt: Rebuilt = { messages: 0, mended: 0, missing: 0 }
  for (let after = firstId; ;) {
    const ids = await store.accountIdsAfter(context.db, after, atOnce)
    for (const id of ids) await rebuildAccount(context, id, rebuilt, onProgress)
    if (ids.length === 0) return rebuilt
    after = ids.at(-1)!
  }
}

async function rebuildAccount(
  context: Pick<Context, 'db' | 'blobs' | 'log'>,
  accountId: string,
  rebuilt: Rebuilt,
  onProgress: (sofar: Rebuilt) => void,
): Promise<void> {
  const { db } = context
  const number = (await accountNumbers(db, [accountId])).get(accountId)
  if (number === undefined) return
  for (let after = firstId; ;) {
    const places = await store.messagesOfAccountAfter(db, accountId, after, atOnce)
    if (places.length === 0) break
    after = places.at(-1)!.id
    const read: store.ReadAgain[] = []
    for (const place of places) {
      const again = await readAgain(context, place, number)
      if (again) read.push(again)
      else rebuilt.missing++
    }
    rebuilt.mended += await db.transaction().execute((tx) => store.mendMessages(tx, accountId, read))
    rebuilt.messages += places.length
    onProgress(rebuilt)
  }
  for (let after: string | undefined = firstId; after !== undefined;) {
    const from: string = after
    after = await db.transaction().execute((tx) => store.mendThreads(tx, accountId, from, threadsAtOnce))
  }
  await db.transaction().execute((tx) => store.mendCounts(tx, accountId))
}

async function readAgain(
  { blobs, log }: Pick<Context, 'blobs' | 'log'>,
  { id, blob, trace }: store.MessagePlace,
  accountNumber: number,
): Promise<store.ReadAgain | undefined> {
  try {
    const parsed = withHidden(await readStored(blobs, blob), trace)
    return {
      id,
      blob,
      contentBytes: parsed.sizeBytes,
      structure: parsed.structure,
      words: tsvectorOf(wordsOf(textsOf(parsed)), accountNumber),
      references: referencesOf(parsed),
      ...readOf(parsed),
    }
  } catch (error) {
    log.error({ err: error, messageId: id, blob }, 'a message could not be read again')
    return undefined
  }
}

/** Who got a blind copy of what was sent here stands beside the message. */
function withHidden(parsed: ParsedMessage, trace: string): ParsedMessage {
  const bcc = trace === '' ? undefined : fieldOf(parseHeader(Buffer.from(`${trace}\r\n`)).fields, 'bcc')
  return bcc === undefined
    ? parsed
    : { ...parsed, envelope: { ...parsed.envelope, bcc: parseAddresses(bcc) } }
}
