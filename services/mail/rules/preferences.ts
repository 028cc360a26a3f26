/** How a person has the mail. */
import type { MailPreferences, Vacation } from '#contracts/mail/settings.ts'
import { accountOf } from '../reading/account.ts'
import type { Calls } from '../settings.ts'
import { addressesOf } from '../store/addresses.ts'
import { findPreferences, mergePreferences } from '../store/preferences.ts'
import { forgetVacationAnswers } from '../store/rules.ts'
import { announceRules } from './book.ts'

const noVacation: Vacation = {
  isOn: false,
  from: null,
  until: null,
  subject: '',
  text: '',
  onlyContacts: false,
  everyDays: 4,
}

const usual: MailPreferences = {
  undoSeconds: 10,
  categories: ['social', 'promotions', 'updates', 'forums'],
  images: 'ask',
  signatures: [],
  newSignature: null,
  replySignature: null,
  vacation: noVacation,
  afterAction: 'list',
  hasShortcuts: true,
}

export const preferenceCalls: Pick<
  Calls,
  'showMailPreferences' | 'changeMailPreferences' | 'listIdentities'
> = {
  async showMailPreferences(_input, context) {
    const account = await accountOf(context)
    return preferencesOf(await findPreferences(context.db, account.id))
  },
  async changeMailPreferences(change, context) {
    const account = await accountOf(context)
    const before = preferencesOf(await findPreferences(context.tx, account.id))
    const { vacation = before.vacation } = change
    if (vacation.from !== null && vacation.until !== null && vacation.from >= vacation.until)
      return context.fail('invalid', 'The vacation ends before it begins.', {
        fields: [{ path: 'vacation.until', message: 'is before the vacation begins' }],
      })
    const after = await mergePreferences(context.tx, account.id, change)
    if (change.vacation !== undefined) {
      if (!isSameVacation(before.vacation, vacation)) await forgetVacationAnswers(context.tx, account.id)
      context.afterCommit(() => announceRules(context.signals, account.id))
    }
    return preferencesOf(after)
  },
  async listIdentities(_input, context) {
    const account = await accountOf(context)
    const addresses = await addressesOf(context.db, account.id)
    return { items: addresses.map((address) => ({ name: account.name, address })) }
  },
}

/** With what is usual where nothing was chosen. A signature that is gone is none. */
function preferencesOf(chosen: Partial<MailPreferences> | undefined): MailPreferences {
  const preferences = { ...usual, ...chosen }
  const ids = new Set(preferences.signatures.map(({ id }) => id))
  const known = (id: string | null) => (id !== null && ids.has(id) ? id : null)
  return {
    ...preferences,
    newSignature: known(preferences.newSignature),
    replySignature: known(preferences.replySignature),
  }
}

function isSameVacation(one: Vacation, other: Vacation): boolean {
  return (Object.keys(noVacation) as (keyof Vacation)[]).every((key) => one[key] === other[key])
}
