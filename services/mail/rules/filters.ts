/** Filters: kept, tried out on the mail that is there, and applied to it. */
import type { Filter, FilterActions } from '#contracts/mail/settings.ts'
import type { Change } from '../changing/target.ts'
import { changeMessages } from '../changing/change.ts'
import { accountOf, changeAccount } from '../reading/account.ts'
import { readSearch } from '../search/query.ts'
import type { Calls, Command, Query } from '../settings.ts'
import { addressesOf } from '../store/addresses.ts'
import { statesOf } from '../store/changes.ts'
import { listForwardings } from '../store/forwardings.ts'
import * as store from '../store/rules.ts'
import { countMessages, examplesOf, findMatching, findMessages, searchedAccount } from '../store/search.ts'
import { announceRules } from './book.ts'

const mostFilters = 500
const mostCounted = 100_000
const mostChanged = 10_000
const examples = 10

export const filterCalls: Pick<
  Calls,
  'listFilters' | 'saveFilter' | 'deleteFilter' | 'tryFilter' | 'applyFilter'
> = {
  async listFilters(_input, context) {
    const account = await accountOf(context)
    return { items: await store.listFilters(context.db, account.id) }
  },
  async saveFilter({ filterId, query, actions: given, isOn }, context) {
    const account = await accountOf(context)
    await searchOf(context, account.id, query)
    const forwardTo = given.forwardTo?.trim().toLowerCase() ?? null
    const actions: FilterActions = { ...given, forwardTo }
    if (forwardTo !== null) {
      const forwardings = await listForwardings(context.tx, account.id)
      if (!forwardings.some(({ address, isConfirmed }) => isConfirmed && address === forwardTo))
        return context.fail('noSuchForwarding', `${forwardTo} is no confirmed address to forward to.`)
    }
    const labels = await store.knownLabels(context.tx, account.id, actions.labelIds)
    if (!actions.labelIds.every((id) => labels.has(id)))
      return context.fail('invalid', 'There is no such label.')
    const filter: Filter = { id: filterId, query, actions, isOn }
    if (!(await store.saveFilter(context.tx, account.id, filter, mostFilters))) {
      const count = (await store.listFilters(context.tx, account.id)).length
      return count < mostFilters
        ? context.fail('notFound')
        : context.fail('tooManyFilters', `There are ${mostFilters} filters already.`)
    }
    context.afterCommit(() => announceRules(context.signals, account.id))
    return filter
  },
  async deleteFilter({ filterId }, context) {
    const account = await accountOf(context)
    if (!(await store.deleteFilter(context.tx, account.id, filterId))) return context.fail('notFound')
    context.afterCommit(() => announceRules(context.signals, account.id))
    return null
  },
  async tryFilter({ query }, context) {
    const account = await accountOf(context)
    const search = await searchOf(context, account.id, query)
    const searched = await searchedAccount(context.db, account)
    const [messages, newest] = await Promise.all([
      countMessages(context.db, searched, search, mostCounted),
      findMessages(context.db, searched, search, examples),
    ])
    return { messages, examples: await examplesOf(context.db, newest) }
  },
  async applyFilter({ filterId }, context) {
    const account = await changeAccount(context)
    const filter = (await store.findFilter(context.tx, account.id, filterId)) ?? context.fail('notFound')
    const own = await addressesOf(context.tx, account.id)
    const read = readSearch(filter.query, { own })
    if ('error' in read) return { messages: 0, undoId: null }
    const messageIds = await findMatching(context.tx, account, read.search, mostChanged)
    const labels = await store.knownLabels(context.tx, account.id, filter.actions.labelIds)
    const states = await statesOf(context.tx, account.id, { messageIds })
    return changeMessages(context, account, states, changeOf(filter.actions, labels))
  },
}

/** Fails with `badSearch`. */
async function searchOf(
  context: (Query | Command) & { fail(code: 'badSearch', detail: string, details: object): never },
  accountId: string,
  query: string,
) {
  const read = readSearch(query, { own: await addressesOf(context.db, accountId) })
  if ('search' in read) return read.search
  const { error, position } = read
  return context.fail('badSearch', error, { fields: [{ path: 'query', message: `${error} (${position})` }] })
}

function changeOf(actions: FilterActions, labels: ReadonlySet<string>): Change {
  const { archive, markSeen, flag, labelIds, category, moveTo, neverSpam } = actions
  const target = neverSpam && moveTo === 'junk' ? null : moveTo
  return {
    ...(target !== null ? { moveTo: target } : archive ? { moveTo: 'archive' } : {}),
    addLabels: labelIds.filter((id) => labels.has(id)),
    ...(markSeen && { isSeen: true }),
    ...(flag && { isFlagged: true }),
    ...(category !== null && { category }),
  }
}
