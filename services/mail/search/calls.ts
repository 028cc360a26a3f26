/** The search box. */
import { z } from 'zod'
import { cursorAt, pageOf, placeOf } from '#platform/pages.ts'
import { accountOf } from '../reading/account.ts'
import type { Calls } from '../settings.ts'
import { addressesOf } from '../store/addresses.ts'
import { threadRows } from '../store/reading.ts'
import { findThreads, searchedAccount } from '../store/search.ts'
import { readSearch } from './query.ts'
import { suggest } from './suggestions.ts'

const foundPlace = z.object({ receivedAt: z.iso.datetime(), messageId: z.uuid() })

export const searchCalls: Pick<Calls, 'searchMail' | 'suggestSearches'> = {
  async searchMail({ query, cursor, limit }, context) {
    const account = await accountOf(context)
    const own = await addressesOf(context.db, account.id)
    const read = readSearch(query, { own })
    if ('error' in read)
      return context.fail('badSearch', read.error, {
        fields: [{ path: 'query', message: `${read.error} (${read.position})` }],
      })
    const after = placeOf(foundPlace, cursor, context)
    const searched = await searchedAccount(context.db, account)
    const found = await findThreads(context.db, searched, read.search, { limit: limit + 1, after })
    const { items, nextCursor } = pageOf(found, limit, cursorAt(foundPlace))
    const ids = items.map(({ threadId }) => threadId)
    return { items: await threadRows(context.db, account.id, ids, account.mailboxes), nextCursor }
  },
  async suggestSearches({ text }, context) {
    const account = await accountOf(context)
    return { items: await suggest(context.db, await searchedAccount(context.db, account), text) }
  },
}
