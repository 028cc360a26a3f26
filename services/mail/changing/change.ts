/** One change to many messages: what it does, what the filter learns of it, and how it is undone. */
import { v7 } from 'uuid'
import type { Command } from '../settings.ts'
import type { AccountRow } from '../store/accounts.ts'
import { applyStates, statesOf, type KnownState, type MessageState } from '../store/changes.ts'
import { noteRead } from '../store/contacts.ts'
import { rememberCategory } from '../store/senders.ts'
import * as store from '../store/undos.ts'
import { learnFrom, unlearn, type Lesson } from './lessons.ts'
import { targetOf, type Change } from './target.ts'

export interface ThreadChange extends Change {
  snoozeUntil?: string | null | undefined
  isMuted?: boolean | undefined
}

export interface Changed {
  messages: number
  undoId: string | null
}

/** `account` is of `changeAccount` in this transaction. */
export async function changeMessages(
  context: Pick<Command, 'tx' | 'blobs' | 'log' | 'signals' | 'afterCommit'>,
  account: AccountRow,
  states: readonly KnownState[],
  { snoozeUntil, isMuted, ...change }: ThreadChange,
): Promise<Changed> {
  const threadIds = [...new Set(states.map(({ threadId }) => threadId))]
  const isSnoozed = snoozeUntil === undefined ? undefined : snoozeUntil !== null
  const wanted = new Map<string, MessageState>()
  for (const state of states)
    wanted.set(state.id, targetOf(state, { ...change, isSnoozed }, account.mailboxes))
  const threads = await store.changeThreads(context.tx, account.id, threadIds, {
    // Whatever takes it elsewhere ends its sleep.
    snoozedUntil: change.moveTo === undefined ? snoozeUntil : null,
    isMuted,
  })
  const before = await applyStates(context.tx, account, states, wanted)
  if (before.length === 0 && threads.length === 0) return { messages: 0, undoId: null }
  const lessons = await learnFrom(
    context,
    account,
    before.map(({ id }) => states.find((state) => state.id === id)!),
    wanted,
  )
  const categories =
    change.category === undefined ? [] : await rememberCategories(context, account, states, change.category)
  if (change.isSeen === true)
    await noteRead(
      context.tx,
      account.id,
      sendersOf(before, states, ({ isSeen }) => !isSeen),
    )
  const undoId = v7()
  await store.insertUndo(context.tx, account.id, undoId, { states: before, threads, lessons, categories })
  return { messages: Math.max(before.length, threads.length), undoId }
}

export async function undoChange(
  context: Pick<Command, 'tx' | 'blobs' | 'log' | 'signals' | 'afterCommit'>,
  account: AccountRow,
  { states, threads, lessons, categories }: store.Before,
): Promise<number> {
  const now = await statesOf(context.tx, account.id, { messageIds: states.map(({ id }) => id) })
  const mailboxes = await store.mailboxIdsOf(context.tx, account.id)
  const wanted = new Map(
    states.map((state) => [
      state.id,
      { ...state, mailboxIds: state.mailboxIds.filter((id) => mailboxes.has(id)) },
    ]),
  )
  for (const state of now) wanted.get(state.id)!.threadId = state.threadId
  await store.restoreThreads(context.tx, account.id, threads)
  const restored = await applyStates(context.tx, account, now, wanted)
  await unlearn(context, account, lessons satisfies Lesson[])
  for (const { address, category } of categories)
    await rememberCategory(context.tx, account.id, address, category)
  return restored.length
}

/** A correction holds for the sender from now on. Gives what held before. */
async function rememberCategories(
  { tx }: Pick<Command, 'tx'>,
  account: AccountRow,
  states: readonly KnownState[],
  category: MessageState['category'],
): Promise<store.Before['categories']> {
  const addresses = new Set(states.filter(({ isOwn }) => !isOwn).map(({ senderAddress }) => senderAddress))
  addresses.delete('')
  const before: store.Before['categories'] = []
  for (const address of addresses)
    before.push({ address, category: await rememberCategory(tx, account.id, address, category) })
  return before
}

function sendersOf(
  changed: readonly MessageState[],
  states: readonly KnownState[],
  isMeant: (before: MessageState) => boolean,
): string[] {
  const ids = new Set(changed.filter(isMeant).map(({ id }) => id))
  return states
    .filter(({ id, isOwn, senderAddress }) => ids.has(id) && !isOwn && senderAddress !== '')
    .map(({ senderAddress }) => senderAddress)
}
