/** Everything about an account in one file: each service that holds something of people gives its part. */
import { once } from 'node:events'
import { v7 } from 'uuid'
import { contracts } from '#contracts/all.ts'
import { identity } from '#contracts/identity.ts'
import { subscription, type SubscriptionContext } from '#platform/service.ts'
import { callerOf, type Calls, type Context, type settings } from '#services/identity/settings.ts'
import { requireFresh } from '#services/identity/sign-in/fresh.ts'
import { findPicture, lockAccount } from '#services/identity/store/accounts.ts'
import * as exports from '#services/identity/store/exports.ts'
import { readPersonal } from '#services/identity/store/personal.ts'

const keptDays = 7

/** Names of the services that give their part, and erase it. */
export const personalServices = contracts
  .filter(({ holdsPersonalData }) => holdsPersonalData)
  .map(({ name }) => name)

export const exportCalls: Pick<Calls, 'requestExport' | 'listExports' | 'downloadExport' | 'addToExport'> = {
  async requestExport(_input, context) {
    const { accountId } = callerOf(context)
    await requireFresh(context)
    // Of many wishes at once the first is carried out.
    if (!(await lockAccount(context.tx, accountId))) return context.fail('notFound')
    const [newest] = await exports.listExports(context.tx, accountId)
    if (newest?.state === 'gathering') return newest
    const id = v7()
    await exports.insertExport(context.tx, { id, accountId, services: personalServices }, keptDays)
    await context.publish('exportRequested', { exportId: id, accountId })
    return (await exports.listExports(context.tx, accountId, id))[0]!
  },
  async listExports(_input, context) {
    return { items: await exports.listExports(context.db, callerOf(context).accountId) }
  },
  async downloadExport({ id }, context) {
    const { accountId } = callerOf(context)
    const file = (await exports.findExportFile(context.db, { id, accountId })) ?? context.fail('notFound')
    const { blob, sizeBytes, createdAt } = file
    const fileName = `dakghar-${createdAt.slice(0, 10)}.json`
    return { blob, sizeBytes, mediaType: 'application/json', fileName }
  },
  async addToExport(part, context) {
    if (!personalServices.includes(part.service)) return context.fail('invalid', 'No export waits for it.')
    if (await addPart(context, part)) await context.publish('exportGathered', { exportId: part.exportId })
    return null
  },
}

export const exportSubscriptions = [
  subscription<typeof identity.events.exportRequested, typeof settings>({
    name: 'identity.addOwnPart',
    event: identity.events.exportRequested,
    handle: async (deliveries, context) => {
      for (const { payload } of deliveries) await addOwnPart(context, payload)
    },
  }),
  subscription<typeof identity.events.exportGathered, typeof settings>({
    name: 'identity.finishExport',
    event: identity.events.exportGathered,
    handle: async (deliveries, context) => {
      for (const { payload } of deliveries) await finish(context, payload.exportId)
    },
  }),
]

/** Whose time is over. */
export async function removePastExports({ db, blobs }: Pick<Context, 'db' | 'blobs'>): Promise<void> {
  for (const { id, blob } of await exports.listPastExports(db)) {
    if (blob !== null) await blobs.delete(blob)
    await exports.deleteExport(db, id)
  }
}

/** Gives whether it was the last one that was missing. One that comes late, or for an account that is gone, is dropped. */
async function addPart(
  { tx }: Pick<SubscriptionContext, 'tx'>,
  part: { exportId: string; service: string; content?: unknown },
): Promise<boolean> {
  const found = await exports.lockExport(tx, part.exportId)
  if (!found || found.isReady) return false
  return (await exports.putPart(tx, { ...part, content: part.content })) === 0
}

type Subscribing = SubscriptionContext<typeof settings>

async function addOwnPart(
  context: Subscribing,
  { exportId, accountId }: { exportId: string; accountId: string },
): Promise<void> {
  const known = await readPersonal(context.tx, accountId)
  const content = { ...known, picture: await readPicture(context, accountId) }
  if (await addPart(context, { exportId, service: identity.name, content }))
    await context.bus.publish(context.tx, identity.events.exportGathered, { exportId })
}

async function readPicture({ tx, blobs }: Subscribing, accountId: string) {
  const picture = await findPicture(tx, accountId)
  const content = picture && (await blobs.get(picture.blob))
  if (!content) return null
  const chunks: Buffer[] = []
  content.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(content, 'end')
  return { mediaType: picture.mediaType, base64: Buffer.concat(chunks).toString('base64') }
}

async function finish({ tx, blobs, bus }: Subscribing, exportId: string): Promise<void> {
  const found = await exports.lockExport(tx, exportId)
  if (!found || found.isReady) return
  const { accountId } = found
  const file = { exportId, accountId, services: await exports.readParts(tx, exportId) }
  const { id: blobId, sizeBytes } = await blobs.put(Buffer.from(JSON.stringify(file, undefined, 2)))
  await exports.finishExport(tx, exportId, { blobId, sizeBytes })
  const requestId = `export_ready:${exportId}`
  const notice = { requestId, accountId, template: 'export_ready', variables: { days: keptDays } }
  await bus.publish(tx, identity.events.noticeDue, notice)
}
