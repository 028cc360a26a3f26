/** How a person has the mail, and leaving lists. */
import type { Calls } from '../settings.ts'
import { contactCalls } from './contacts.ts'
import { filterCalls } from './filters.ts'
import { forwardingCalls } from './forwardings.ts'
import { leavingCalls } from './leaving.ts'
import { preferenceCalls } from './preferences.ts'

export const ruleCalls: Pick<
  Calls,
  Exclude<keyof typeof import('#contracts/mail/settings.ts').settingCalls, 'showMailSetup'> | 'unsubscribe'
> = { ...preferenceCalls, ...filterCalls, ...forwardingCalls, ...contactCalls, ...leavingCalls }
