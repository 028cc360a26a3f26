/** What pages live on: the mod-sequence of the account is the truth, a signal only says when to look. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createBell } from '#platform/signals/bell.ts'
import type { Streams } from '../settings.ts'
import { countsAfter } from '../store/mailboxes.ts'
import { arrivedAfter, changesAfter } from '../store/reading.ts'
import { accountOf, changesTopic } from './account.ts'

/** How late a change is shown when the signal for it is lost. */
const pollMs = 5_000
/** Changes that follow each other closely are told together. */
const gatherMs = 150
const mostThreads = 200

export const followChanges: Streams['changes'] = async function* (input, context) {
  const { db, signals, signal } = context
  const account =
    context.identity.kind === 'account'
      ? await accountOf(context)
      : context.fail('notFound', 'Only an account has mail.')
  using bell = createBell(signals, changesTopic(account.id), signal)
  let place = input.after ?? account.modseq
  if (input.after === undefined || place > account.modseq) {
    place = account.modseq
    yield { modseq: place, threadIds: [], arrived: [], mailboxes: [], isGap: input.after !== undefined }
  }
  while (!signal.aborted) {
    const { modseq, threadIds } = await changesAfter(db, account.id, place, mostThreads + 1)
    if (modseq > place) {
      const isGap = threadIds.length > mostThreads
      yield {
        modseq,
        threadIds: isGap ? [] : threadIds,
        arrived: await arrivedAfter(db, account.mailboxes.inbox, place),
        mailboxes: await countsAfter(db, account.id, place),
        isGap,
      }
      place = modseq
      await sleep(gatherMs, undefined, { signal }).catch(() => undefined)
    } else await bell.rung(pollMs)
  }
}
