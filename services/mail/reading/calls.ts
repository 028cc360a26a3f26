/** Lists, conversations, messages and their parts. */
import { z } from 'zod'
import { cursorAt, pageOf, placeOf } from '#platform/pages.ts'
import { callerOf, type Calls, type Query } from '../settings.ts'
import { findAccount } from '../store/accounts.ts'
import { deliverySummaries } from '../store/recipients.ts'
import { findMailbox, listMailboxes, unreadByCategory } from '../store/mailboxes.ts'
import { countDrafts, draftsOfThread } from '../store/drafts.ts'
import * as store from '../store/reading.ts'
import { accountOf } from './account.ts'
import { showMessageBody } from './body.ts'
import { downloadMessage, downloadPart, showOriginal } from './downloads.ts'
import { showMailSetup } from './setup.ts'

const threadPlace = z.object({ lastAt: z.iso.datetime(), id: z.uuid() })

export const readingCalls: Pick<
  Calls,
  | 'listMailboxes'
  | 'listThreads'
  | 'showThreads'
  | 'showThread'
  | 'showMessageBody'
  | 'downloadPart'
  | 'downloadMessage'
  | 'showOriginal'
  | 'showMailSetup'
> = {
  async listMailboxes(_input, context) {
    const account = await findAccount(context.db, callerOf(context).accountId)
    if (!account) return nothing
    const [items, categories, drafts] = await Promise.all([
      listMailboxes(context.db, account.id),
      unreadByCategory(context.db, account.mailboxes.inbox),
      countDrafts(context.db, account.id),
    ])
    const { address, usedBytes, quotaBytes, modseq } = account
    return { address, items, categories, drafts, storage: { usedBytes, quotaBytes }, modseq }
  },
  async listThreads({ cursor, limit, mailboxId, category }, context) {
    const account = await accountOf(context)
    if (!(await findMailbox(context.db, account.id, mailboxId))) return context.fail('notFound')
    const after = placeOf(threadPlace, cursor, context)
    const places = await store.threadsOfMailbox(context.db, { mailboxId, category, after, limit: limit + 1 })
    const { items, nextCursor } = pageOf(places, limit, cursorAt(threadPlace))
    const ids = items.map(({ id }) => id)
    return {
      items: await store.threadRows(context.db, account.id, ids, account.mailboxes, mailboxId),
      nextCursor,
    }
  },
  async showThreads({ threadIds, mailboxId }, context) {
    const account = await accountOf(context)
    return { items: await store.threadRows(context.db, account.id, threadIds, account.mailboxes, mailboxId) }
  },
  async showThread({ threadId }, context) {
    const account = await accountOf(context)
    const [thread] = await store.threadRows(context.db, account.id, [threadId], account.mailboxes)
    if (!thread) return context.fail('notFound')
    const messages = await store.messagesOfThread(context.db, account.id, threadId)
    return {
      thread,
      messages: await withDelivery(context, messages),
      draftIds: await draftsOfThread(context.db, account.id, threadId),
    }
  },
  showMessageBody,
  downloadPart,
  downloadMessage,
  showOriginal,
  showMailSetup,
}

const nothing = {
  address: null,
  items: [],
  categories: [],
  drafts: 0,
  storage: { usedBytes: 0, quotaBytes: 0 },
  modseq: 0,
}

async function withDelivery(context: Query, messages: readonly store.StoredMessage[]) {
  const own = messages.filter(({ isOwn }) => isOwn).map(({ id }) => id)
  const states = await deliverySummaries(context.db, own)
  return messages.map(({ blob: _blob, trace: _trace, ...message }) => ({
    ...message,
    delivery: states.get(message.id) ?? null,
  }))
}
