/** What admins see to. */
import type { Calls } from '#services/identity/settings.ts'
import { accountCalls } from './accounts.ts'
import { listGrants } from './grants.ts'
import { importCalls } from './import/calls.ts'
import { installationCalls } from './installation.ts'
import { offboardingCalls } from './offboarding.ts'

export const adminCalls: Pick<Calls, keyof typeof import('#contracts/identity/admin.ts').adminCalls> = {
  ...accountCalls,
  ...offboardingCalls,
  ...installationCalls,
  ...importCalls,
  listGrants: async () => ({ items: listGrants() }),
}
