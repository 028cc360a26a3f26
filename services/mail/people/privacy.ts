/** The part of mail in exports and erasures of accounts. Delivered again, each does the same again. */
import { identity } from '#contracts/identity.ts'
import { subscription } from '#platform/service.ts'
import type { settings } from '../settings.ts'
import { deleteAccount } from '../store/accounts.ts'
import { personalDataOf } from '../store/personal.ts'

export const privacySubscriptions = [
  subscription<typeof identity.events.exportRequested, typeof settings>({
    name: 'mail.exportAccount',
    event: identity.events.exportRequested,
    async handle(deliveries, context) {
      for (const { payload } of deliveries) {
        const content = await personalDataOf(context.db, payload.accountId)
        const { exportId } = payload
        await context.client(identity).addToExport({ exportId, service: context.service, content })
      }
    },
  }),
  subscription<typeof identity.events.accountErased, typeof settings>({
    name: 'mail.eraseAccount',
    event: identity.events.accountErased,
    async handle(deliveries, context) {
      for (const { payload } of deliveries) {
        await deleteAccount(context.tx, payload.accountId)
        const { erasureId } = payload
        await context.client(identity).reportErased({ erasureId, service: context.service })
      }
    },
  }),
]
