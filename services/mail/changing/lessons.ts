/** What the spam filter of an account learns when its owner moves mail into junk or out of it. */
import type { Command } from '../settings.ts'
import { readStored } from '../reading/stored.ts'
import type { AccountRow } from '../store/accounts.ts'
import type { KnownState, MessageState } from '../store/changes.ts'
import { noteMarked } from '../store/senders.ts'
import {
  findSpamModel,
  messagesToLearn,
  noteLessons,
  saveSpamModel,
  type LearnedMessage,
} from '../store/models.ts'
import { extractFeatures } from '../spam/judge.ts'
import {
  createDelta,
  learn,
  readDelta,
  takeBack,
  writeDelta,
  type Label,
  type Training,
} from '../spam/learning.ts'
import { loadShippedModel } from '../spam/model.ts'

export interface Lesson {
  messageId: string
  sender: string
  label: Label
  training: Training
}

/** Features of more take longer than a person waits; what all of them have in common is learned from these. */
const mostLessons = 50

type Learning = Pick<Command, 'tx' | 'blobs' | 'log' | 'signals' | 'afterCommit'>

export async function learnFrom(
  context: Learning,
  account: AccountRow,
  before: readonly KnownState[],
  wanted: ReadonlyMap<string, MessageState>,
): Promise<Lesson[]> {
  const { junk } = account.mailboxes
  const labelled = before.flatMap((state) => {
    if (state.isOwn) return []
    const was = state.mailboxIds.includes(junk)
    const places = wanted.get(state.id)!.mailboxIds
    const is = places.includes(junk)
    // To throw junk away says nothing.
    if (was === is || (was && places.includes(account.mailboxes.trash))) return []
    return [{ id: state.id, sender: state.senderAddress, label: is ? ('spam' as const) : ('ham' as const) }]
  })
  if (labelled.length === 0) return []
  for (const { sender, label } of labelled) await noteMarked(context.tx, account.id, sender, label, 1)
  await noteLessons(
    context.tx,
    labelled.map(({ id }) => id),
    false,
  )
  const lessons: Lesson[] = []
  await changeModel(
    context,
    account,
    labelled.slice(0, mostLessons).map(({ id }) => id),
    (models, features, messageId) => {
      const { label, sender } = labelled.find(({ id }) => id === messageId)!
      lessons.push({ messageId, sender, label, training: learn(models, features, label) })
    },
  )
  return lessons
}

export async function unlearn(
  context: Learning,
  account: AccountRow,
  lessons: readonly Lesson[],
): Promise<void> {
  if (lessons.length === 0) return
  for (const { sender, label } of lessons) await noteMarked(context.tx, account.id, sender, label, -1)
  await noteLessons(
    context.tx,
    lessons.map(({ messageId }) => messageId),
    true,
  )
  const byId = new Map(lessons.map((lesson) => [lesson.messageId, lesson]))
  await changeModel(context, account, [...byId.keys()], ({ account: delta }, features, messageId) => {
    takeBack(delta, features, byId.get(messageId)!.training)
  })
}

type Models = Parameters<typeof learn>[0]
type Features = Parameters<typeof learn>[1]

async function changeModel(
  { tx, blobs, log, signals, afterCommit }: Learning,
  account: AccountRow,
  messageIds: readonly string[],
  step: (models: Models, features: Features, messageId: string) => void,
): Promise<void> {
  const stored = await findSpamModel(tx, account.id)
  const delta = stored ? readDelta(stored) : createDelta()
  const models = { shipped: loadShippedModel(), account: delta }
  for (const message of await messagesToLearn(tx, messageIds)) {
    try {
      step(models, await featuresOf(blobs, message), message.id)
    } catch (error) {
      log.warn({ err: error, messageId: message.id }, 'could not learn from a message')
    }
  }
  await saveSpamModel(tx, account.id, writeDelta(delta))
  afterCommit(() => signals.send(modelTopic(account.id)))
}

/** The signal that an account's filter has learned. */
export function modelTopic(accountId: string): string {
  return `mail.model.${accountId}`
}

/** As the filter saw it when it came, but for what it knew of the sender. */
export async function featuresOf(
  blobs: Command['blobs'],
  { blob, authentication }: LearnedMessage,
): Promise<Features> {
  const facts = authentication && {
    authentication: {
      spf: authentication.spf.result,
      dkim: authentication.dkim.some(({ result, isAligned }) => result === 'pass' && isAligned)
        ? 'pass'
        : 'none',
      dmarc: authentication.dmarc.result,
      dmarcPolicy: authentication.dmarc.policy,
    },
    client: { address: authentication.client.address },
  }
  return extractFeatures(await readStored(blobs, blob), facts ?? {})
}
