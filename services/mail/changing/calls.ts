/** Moving, marking, labelling and deleting, and taking it back. */
import { v7 } from 'uuid'
import { changeAccount } from '../reading/account.ts'
import { findMatching } from '../store/search.ts'
import { readSearch } from '../search/query.ts'
import type { Calls, Command } from '../settings.ts'
import type { AccountRow } from '../store/accounts.ts'
import { deleteMessages, idsOfMailbox, statesOf } from '../store/changes.ts'
import * as mailboxes from '../store/mailboxes.ts'
import { mailboxIdsOf, takeUndo } from '../store/undos.ts'
import { changeMessages, undoChange as undo } from './change.ts'

const mostLabels = 1_000
/** Of a search: each message of it is a row to change. */
const mostFound = 10_000

export const changingCalls: Pick<
  Calls,
  'changeMail' | 'undoChange' | 'deleteMail' | 'createLabel' | 'changeLabel' | 'deleteLabel'
> = {
  async changeMail({ threadIds, messageIds, query, ...change }, context) {
    const account = await changeAccount(context)
    const own = await mailboxIdsOf(context.tx, account.id)
    const roles = new Set(Object.values(account.mailboxes))
    for (const id of [...change.addLabels, ...change.removeLabels])
      if (!own.has(id) || roles.has(id)) return context.fail('notFound', 'There is no such label.')
    const found = query === undefined ? [] : await search(context, account, query)
    const states = await statesOf(context.tx, account.id, {
      messageIds: [...messageIds, ...found],
      threadIds,
    })
    const { snoozeUntil, isMuted, ...rest } = change
    return changeMessages(context, account, states, { ...rest, snoozeUntil, isMuted })
  },
  async undoChange({ undoId }, context) {
    const account = await changeAccount(context)
    const before = await takeUndo(context.tx, account.id, undoId)
    if (!before) return context.fail('notFound', 'It can not be undone any more.')
    return { messages: await undo(context, account, before) }
  },
  async deleteMail({ threadIds, messageIds, all }, context) {
    const account = await changeAccount(context)
    const { junk, trash } = account.mailboxes
    const states = await statesOf(context.tx, account.id, { messageIds, threadIds })
    const chosen = states.filter(({ mailboxIds }) => mailboxIds.includes(junk) || mailboxIds.includes(trash))
    const emptied = all === undefined ? [] : await idsOfMailbox(context.tx, account.mailboxes[all])
    const ids = [...new Set([...chosen.map(({ id }) => id), ...emptied])]
    await deleteMessages(context.tx, account, ids)
    return { messages: ids.length }
  },
  async createLabel({ name, parentId, color }, context) {
    const account = await changeAccount(context)
    if ((await mailboxes.countLabels(context.tx, account.id)) >= mostLabels)
      return context.fail('tooManyLabels', `There are ${mostLabels} labels already.`)
    await checkParent(context, account, parentId)
    const label = { id: v7(), accountId: account.id, parentId, name, color }
    return (
      (await mailboxes.insertLabel(context.tx, label)) ??
      context.fail('labelTaken', `There is a label ${name} already.`)
    )
  },
  async changeLabel({ labelId, ...change }, context) {
    const account = await changeAccount(context)
    const label = await labelOf(context, account, labelId)
    const { parentId = label.parentId, name = label.name, color = label.color } = change
    await checkParent(context, account, parentId)
    if (parentId !== null && (await mailboxes.isWithin(context.tx, labelId, parentId)))
      return context.fail('invalid', 'A label can not stand below itself.')
    const updated = await mailboxes.updateLabel(context.tx, { id: labelId, parentId, name, color })
    return updated ?? context.fail('labelTaken', `There is a label ${name} already.`)
  },
  async deleteLabel({ labelId }, context) {
    const account = await changeAccount(context)
    await labelOf(context, account, labelId)
    await mailboxes.deleteLabel(context.tx, labelId, account.modseq)
    return null
  },
}

async function labelOf(context: Command, account: AccountRow, id: string) {
  const label = await mailboxes.findMailbox(context.tx, account.id, id)
  return label && label.role === null ? label : context.fail('notFound')
}

async function checkParent(context: Command, account: AccountRow, parentId: string | null): Promise<void> {
  if (parentId !== null) await labelOf(context, account, parentId)
}

async function search(context: Command, account: AccountRow, query: string): Promise<string[]> {
  const parsed = readSearch(query)
  if ('error' in parsed) return context.fail('badSearch' as never, parsed.error)
  return findMatching(context.tx, account, parsed.search, mostFound)
}
