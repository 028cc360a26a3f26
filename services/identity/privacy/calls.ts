/** What people may ask for about what is known of them. */
import type { Calls } from '#services/identity/settings.ts'
import { erasureCalls, erasureSubscriptions } from './erasure.ts'
import { exportCalls, exportSubscriptions } from './exports.ts'

export const privacyCalls: Pick<Calls, keyof typeof import('#contracts/identity/privacy.ts').privacyCalls> = {
  ...exportCalls,
  ...erasureCalls,
}

export const privacySubscriptions = [...exportSubscriptions, ...erasureSubscriptions]
