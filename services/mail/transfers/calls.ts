/** Bringing mail in from elsewhere and taking it out. */
import { v7 } from 'uuid'
import { Transfer } from '#contracts/mail/transfers.ts'
import { accountOf } from '../reading/account.ts'
import { callerOf, type Calls } from '../settings.ts'
import * as store from '../store/transfers.ts'
import { detectFormat, headBytes } from './import/format.ts'
import { transfersTopic } from './tools.ts'

const mostRunning = 10

export const transferCalls: Pick<
  Calls,
  'importMail' | 'exportMail' | 'listTransfers' | 'cancelTransfer' | 'downloadExport'
> = {
  async importMail({ upload, fileName }, context) {
    const account = await accountOf(context)
    const running = await store.runningTransfers(context.tx, account.id)
    const same = running.find(({ kind, blob }) => kind === 'import' && blob === upload.blob)
    if (same) return Transfer.parse(same)
    if (running.length >= mostRunning)
      return context.fail('overloaded', 'So many imports are under way that one of them has to end first.')
    const content = await context.uploads.get(upload.blob, { start: 0, end: headBytes })
    const head = await content?.toArray()
    const format = head && (await detectFormat(Buffer.concat(head as Buffer[])))
    if (!format)
      return context.fail(
        'unknownFormat',
        'It has to be an mbox, an .eml, or a zip or tar of such files or of a Maildir.',
      )
    const transfer = await store.insertTransfer(context.tx, {
      id: v7(),
      accountId: account.id,
      kind: 'import',
      fileName,
      format,
      blob: upload.blob,
      sizeBytes: upload.sizeBytes,
      total: upload.sizeBytes,
    })
    context.afterCommit(() => context.signals.send(transfersTopic))
    return transfer
  },
  async exportMail(_input, context) {
    const account = await accountOf(context)
    const running = await store.runningTransfers(context.tx, account.id)
    const same = running.find(({ kind }) => kind === 'export')
    if (same) return Transfer.parse(same)
    const transfer = await store.insertTransfer(context.tx, {
      id: v7(),
      accountId: account.id,
      kind: 'export',
      fileName: `mail-${account.address.replaceAll(/[^\w.@-]/g, '_')}-${new Date().toISOString().slice(0, 10)}.tar`,
      format: null,
      blob: null,
      sizeBytes: 0,
      total: 0,
    })
    context.afterCommit(() => context.signals.send(transfersTopic))
    return transfer
  },
  async listTransfers(_input, context) {
    return { items: await store.listTransfers(context.db, callerOf(context).accountId) }
  },
  async cancelTransfer({ transferId }, context) {
    const transfer = await store.findTransfer(context.tx, callerOf(context).accountId, transferId)
    if (!transfer) return context.fail('notFound')
    await store.endTransfer(context.tx, transfer.id, { state: 'cancelled' })
    return null
  },
  async downloadExport({ transferId }, context) {
    const transfer = await store.findTransfer(context.db, callerOf(context).accountId, transferId)
    if (!transfer || transfer.kind !== 'export' || transfer.state !== 'done' || transfer.blob === null)
      return context.fail('notFound', 'The file is not there any more.')
    const { blob, sizeBytes, fileName } = transfer
    return { blob, sizeBytes, mediaType: 'application/x-tar', fileName }
  },
}
