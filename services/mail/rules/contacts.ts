/** Contacts: kept by the person, or collected as mail is written. */
import { z } from 'zod'
import { cursorAt, pageOf, placeOf } from '#platform/pages.ts'
import { accountOf } from '../reading/account.ts'
import { parseAddress } from '../smtp/address.ts'
import type { Calls } from '../settings.ts'
import * as store from '../store/contacts.ts'

const contactPlace = z.object({ sortName: z.string(), address: z.string() })
const mostCompletions = 10

export const contactCalls: Pick<Calls, 'listContacts' | 'completeAddress' | 'saveContact' | 'deleteContact'> =
  {
    async listContacts({ cursor, limit, text, rule }, context) {
      const account = await accountOf(context)
      const after = placeOf(contactPlace, cursor, context)
      const rows = await store.listContacts(
        context.db,
        account.id,
        { text, rule },
        { limit: limit + 1, after },
      )
      const { items, nextCursor } = pageOf(rows, limit, cursorAt(contactPlace))
      return { items: items.map(({ sortName: _sortName, ...contact }) => contact), nextCursor }
    },
    async completeAddress({ text }, context) {
      const account = await accountOf(context)
      return { items: await store.completeAddress(context.db, account.id, text, mostCompletions) }
    },
    async saveContact({ address: given, ...contact }, context) {
      const account = await accountOf(context)
      const address = ruledAddress(given)
      if (address === undefined)
        return context.fail('invalid', `${given} is no e-mail address.`, {
          fields: [{ path: 'address', message: 'is no e-mail address' }],
        })
      return store.saveContact(context.tx, account.id, { ...contact, address })
    },
    async deleteContact({ address }, context) {
      const account = await accountOf(context)
      await store.deleteContact(context.tx, account.id, address.toLowerCase())
      return null
    },
  }

/** An address, or `@domain` for all of a domain. */
function ruledAddress(text: string): string | undefined {
  const whole = text.startsWith('@') ? parseAddress(`x${text}`)?.domain : undefined
  return whole === undefined ? parseAddress(text)?.address.toLowerCase() : `@${whole}`
}
