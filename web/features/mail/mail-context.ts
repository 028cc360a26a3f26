/** What every page of the mail has at hand. */
import { createContext, use } from 'react'
import type { MailPreferences } from '#contracts/mail/settings.ts'
import type { ChangeMail } from './actions/mail-actions.ts'
import type { Mailboxes } from './mailboxes.ts'

export interface MailContextValue {
  mailboxes: Mailboxes
  preferences: Pick<MailPreferences, 'categories' | 'images' | 'afterAction' | 'hasShortcuts'>
  changeMail: ChangeMail
}

export const MailContext = createContext<MailContextValue | undefined>(undefined)

export function useMail(): MailContextValue {
  const value = use(MailContext)
  if (!value) throw new Error('there is no MailLayout')
  return value
}
