import type { Signals } from '#platform/signals/signals.ts'
import type { AccountRow } from '../store/accounts.ts'
import { beginChange, findAccount } from '../store/accounts.ts'
import { callerOf, type Command, type Query } from '../settings.ts'

/** Of the caller, who may have no mailbox here. */
export async function accountOf(context: Query): Promise<AccountRow> {
  const account = await findAccount(context.db, callerOf(context).accountId)
  return account ?? context.fail('notFound', 'This account has no mailbox here.')
}

/** Locks the caller's account for a change; what is changed has its `modseq`, and is told when the change is committed. */
export async function changeAccount(context: Command): Promise<AccountRow> {
  const account = await beginChange(context.tx, callerOf(context).accountId)
  if (!account) return context.fail('notFound', 'This account has no mailbox here.')
  context.afterCommit(() => announceChanges(context.signals, account.id))
  return account
}

/** The signal that something of an account changed. */
export function changesTopic(accountId: string): string {
  return `mail.changes.${accountId}`
}

export function announceChanges(signals: Signals, accountId: string): void {
  signals.send(changesTopic(accountId))
}
