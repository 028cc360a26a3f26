/** The part of notifications in exports and erasures of accounts. Delivered again, each does the same again. */
import { identity } from '#contracts/identity.ts'
import { subscription } from '#platform/service.ts'
import { openRendering } from './sealing.ts'
import type { settings } from './settings.ts'
import { eraseAccount, notificationsOfAccount, wipeOld } from './store/personal.ts'
import type { Context } from './settings.ts'

/** A call takes 4 MiB. */
const mostExportedBytes = 3 * 1024 * 1024
const mostExported = 10_000
const keptDays = 90

export const privacySubscriptions = [
  subscription<typeof identity.events.exportRequested, typeof settings>({
    name: 'notifications.exportAccount',
    event: identity.events.exportRequested,
    async handle(deliveries, context) {
      for (const { payload } of deliveries) {
        const content = await exportOf(payload.accountId, context)
        const { exportId } = payload
        await context.client(identity).addToExport({ exportId, service: context.service, content })
      }
    },
  }),
  subscription<typeof identity.events.accountErased, typeof settings>({
    name: 'notifications.eraseAccount',
    event: identity.events.accountErased,
    async handle(deliveries, context) {
      for (const { payload } of deliveries) {
        await eraseAccount(context.tx, payload.accountId)
        const { erasureId } = payload
        await context.client(identity).reportErased({ erasureId, service: context.service })
      }
    },
  }),
]

/** Newest first. The text of secrets stays out: whoever gets hold of the file must not get in with it. */
async function exportOf(accountId: string, { db, secrets }: Context) {
  const rows = await notificationsOfAccount(db, accountId, mostExported)
  const exported: object[] = []
  let sizeBytes = 0
  for (const { rendering, isSecret, ...row } of rows) {
    const shown = isSecret ? null : openRendering(secrets, row.id, rendering)
    const part = { ...row, subject: shown?.subject ?? null, text: shown?.text ?? null }
    sizeBytes += Buffer.byteLength(JSON.stringify(part))
    if (sizeBytes > mostExportedBytes) break
    exported.push(part)
  }
  return {
    notifications: exported,
    isComplete: exported.length === rows.length && rows.length < mostExported,
  }
}

export async function wipe({ db, log }: Context): Promise<void> {
  const wiped = await wipeOld(db, keptDays)
  if (wiped > 0) log.info({ notifications: wiped }, 'wiped what notifications were made of')
}
