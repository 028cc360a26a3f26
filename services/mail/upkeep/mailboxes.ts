/** What happens to mail by itself: sleeping conversations wake, what was scheduled is sent, old junk and trash go. */
import { tidyDelivery } from '../delivery/tidy.ts'
import { announceChanges } from '../reading/account.ts'
import type { Context } from '../settings.ts'
import { beginChange } from '../store/accounts.ts'
import { applyStates, deleteMessages, idsAddedBefore, statesOf } from '../store/changes.ts'
import { dropPastFiles, takeDue } from '../store/drafts.ts'
import { forgetUnseen } from '../store/greylist.ts'
import { dropPastTransfers } from '../store/transfers.ts'
import { forgetReports } from '../store/reports.ts'
import { accountsToWake, changeThreads, dropPastUndos } from '../store/undos.ts'
import { deletePastVacationAnswers } from '../store/rules.ts'

const keptDays = 30

export async function wake(context: Context): Promise<void> {
  for (const { accountId, threadIds } of await accountsToWake(context.db))
    await changeOf(context, accountId, async (tx, account) => {
      await changeThreads(tx, accountId, threadIds, { snoozedUntil: null, isMuted: undefined })
      const { snoozed, inbox } = account.mailboxes
      const states = (await statesOf(tx, accountId, { threadIds })).filter(({ mailboxIds }) =>
        mailboxIds.includes(snoozed),
      )
      const wanted = states.map((state) => ({
        ...state,
        isSeen: false,
        mailboxIds: [...state.mailboxIds.filter((id) => id !== snoozed), inbox],
      }))
      await applyStates(tx, account, states, new Map(wanted.map((state) => [state.id, state])))
    })
}

/** Those whose time has come are among the sent ones. */
export async function showSent(context: Context): Promise<void> {
  const due = await context.db.transaction().execute((tx) => takeDue(tx))
  for (const [accountId, messages] of Map.groupBy(due, (each) => each.accountId))
    await changeOf(context, accountId, async (tx, account) => {
      const { scheduled, sent } = account.mailboxes
      const states = await statesOf(tx, accountId, { messageIds: messages.map(({ messageId }) => messageId) })
      const moved = states
        .filter(({ mailboxIds }) => mailboxIds.includes(scheduled))
        .map((state) => ({
          ...state,
          mailboxIds: [...state.mailboxIds.filter((id) => id !== scheduled), sent],
        }))
      await applyStates(tx, account, states, new Map(moved.map((state) => [state.id, state])))
    })
}

export async function emptyOld(context: Context): Promise<void> {
  for (const role of ['junk', 'trash'] as const)
    for (const { accountId, messageIds } of await idsAddedBefore(context.db, role, keptDays))
      await changeOf(context, accountId, async (tx, account) => {
        await deleteMessages(tx, account, messageIds)
      })
}

export async function tidy({ db }: Context): Promise<void> {
  await tidyDelivery({ db })
  await forgetReports(db)
  await db.transaction().execute(async (tx) => {
    await dropPastUndos(tx)
    await dropPastFiles(tx)
    await dropPastTransfers(tx)
    await forgetUnseen(tx)
    await deletePastVacationAnswers(tx)
  })
}

type Change = (
  tx: Context['db'],
  account: NonNullable<Awaited<ReturnType<typeof beginChange>>>,
) => Promise<void>

async function changeOf({ db, signals }: Context, accountId: string, change: Change): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const account = await beginChange(tx, accountId)
    if (account) await change(tx, account)
  })
  announceChanges(signals, accountId)
}
