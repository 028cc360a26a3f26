import { v7 } from 'uuid'
import type { KnownThread, NewThread } from './threads.ts'

/** What decides about the conversation of a message. */
interface Threaded {
  accountId: string
  baseSubject: string
  /** Of the Message-IDs that it has and refers to. */
  references: readonly string[]
  /** Into this one, whatever it refers to. */
  threadId?: string | undefined
}

interface Assignment {
  /** In the order of the messages. */
  threads: { threadId: string; isMuted: boolean }[]
  made: NewThread[]
  /** Conversations that turn out to be one. */
  merges: { accountId: string; from: string; into: string }[]
}

/** A conversation that is longer begins anew: every change of it is reckoned from all of its messages. */
const longestThread = 250

/**
 * A message belongs to what it refers to and what refers to it, where the subject is the same but for `Re:`. `known`
 * are the threads of the accounts that speak of any of the references.
 */
export function assignThreads(messages: readonly Threaded[], known: readonly KnownThread[]): Assignment {
  const speaking = new Map<string, KnownThread[]>()
  const note = (thread: KnownThread) => {
    const key = `${thread.accountId} ${thread.reference}`
    speaking.set(key, [...(speaking.get(key) ?? []), thread])
  }
  known.forEach(note)
  const made = new Map<string, NewThread>()
  const merged = new Map<string, { accountId: string; into: string }>()
  const lengths = new Map<string, number>()
  const target = (id: string): string => {
    const merge = merged.get(id)
    return merge ? target(merge.into) : id
  }

  const assigned = messages.map(({ accountId, baseSubject, references, threadId }) => {
    const found = new Map<string, KnownThread>()
    for (const reference of threadId === undefined ? references : [])
      for (const thread of speaking.get(`${accountId} ${reference}`) ?? [])
        if (thread.baseSubject === baseSubject && (lengths.get(thread.id) ?? thread.messages) < longestThread)
          found.set(thread.id, thread)
    const [first, ...others] = [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
    const id = threadId ?? v7()
    const thread = first ?? { id, accountId, reference: '', baseSubject, messages: 0, isMuted: false }
    if (!first && threadId === undefined) made.set(id, { id, accountId, baseSubject })
    for (const other of others)
      if (target(other.id) !== target(thread.id))
        merged.set(target(other.id), { accountId, into: target(thread.id) })
    lengths.set(thread.id, (lengths.get(thread.id) ?? thread.messages) + 1)
    for (const reference of references) note({ ...thread, reference })
    return thread
  })
  return {
    threads: assigned.map(({ id, isMuted }) => ({ threadId: target(id), isMuted })),
    made: [...made.values()].filter(({ id }) => !merged.has(id)),
    merges: [...merged]
      .filter(([from]) => !made.has(from))
      .map(([from, { accountId }]) => ({ accountId, from, into: target(from) })),
  }
}
