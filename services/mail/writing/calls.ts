/** Drafts, their files, and sending. */
import { z } from 'zod'
import { cursorAt, pageOf, placeOf } from '#platform/pages.ts'
import { cancel } from '../delivery/submit.ts'
import { accountOf, changeAccount } from '../reading/account.ts'
import { callerOf, type Calls } from '../settings.ts'
import { beginChange, type AccountRow } from '../store/accounts.ts'
import { deleteMessages } from '../store/changes.ts'
import * as drafts from '../store/drafts.ts'
import { findPreferences } from '../store/preferences.ts'
import { findMessage } from '../store/reading.ts'
import { submissionOfMessage } from '../store/submissions.ts'
import { makeOutgoing } from './outgoing.ts'
import { send } from './send.ts'
import { sendMail } from './send-mail.ts'

const draftPlace = z.object({ savedAt: z.iso.datetime(), id: z.uuid() })
/** Later than this it stands among the scheduled ones. */
const scheduledAfterMs = 3 * 60_000

export const writingCalls: Pick<
  Calls,
  | 'uploadAttachment'
  | 'listDrafts'
  | 'showDraft'
  | 'saveDraft'
  | 'deleteDraft'
  | 'sendDraft'
  | 'cancelSending'
  | 'sendMail'
> = {
  sendMail,
  async uploadAttachment({ upload }, context) {
    const account = await accountOf(context)
    const content = (await context.uploads.get(upload.blob)) ?? context.fail('notFound')
    const { id: blob, sizeBytes } = await context.blobs.put(content, { signal: context.signal })
    await drafts.addFile(context.tx, account.id, blob)
    return { blob, sizeBytes, mediaType: upload.mediaType }
  },
  async listDrafts({ cursor, limit }, context) {
    const account = await accountOf(context)
    const after = placeOf(draftPlace, cursor, context)
    return pageOf(
      await drafts.listDrafts(context.db, account.id, { after, limit: limit + 1 }),
      limit,
      cursorAt(draftPlace),
    )
  },
  async showDraft({ draftId }, context) {
    return (
      (await drafts.findDraft(context.db, callerOf(context).accountId, draftId)) ?? context.fail('notFound')
    )
  },
  async saveDraft({ draftId, version, content }, context) {
    const account = await accountOf(context)
    const answers = content.answers ?? content.forwards
    const message = answers === null ? undefined : await findMessage(context.db, account.id, answers)
    const threadId = content.answers === null ? null : (message?.threadId ?? null)
    const saved = await drafts.saveDraft(context.tx, {
      id: draftId,
      accountId: account.id,
      version,
      content,
      threadId,
    })
    if (saved) return saved
    const isThere = (await drafts.findDraft(context.tx, account.id, draftId)) !== undefined
    if (!isThere && version > 0) return context.fail('notFound', 'The draft was sent or deleted.')
    return context.fail('draftChanged', 'The draft was changed elsewhere meanwhile.')
  },
  async deleteDraft({ draftId }, context) {
    if (!(await drafts.deleteDraft(context.tx, callerOf(context).accountId, draftId)))
      return context.fail('notFound')
    return null
  },
  sendDraft: {
    async opensTransaction({ draftId, version, sendAt }, context) {
      const account = await accountOf(context)
      const draft = await draftOf(draftId)
      const outgoing = await makeOutgoing(context, account, draft.content)
      const { undoSeconds = 10 } = (await findPreferences(context.db, account.id)) ?? {}
      const dueAt = new Date(
        Math.max(Date.now() + undoSeconds * 1000, sendAt === undefined ? 0 : Date.parse(sendAt)),
      )
      const isScheduled = dueAt.getTime() > Date.now() + scheduledAfterMs
      return context.transact(async (context) => {
        const locked = (await beginChange(context.tx, account.id)) ?? context.fail('notFound')
        // Pressed twice it is sent once.
        const { version: now } =
          (await drafts.findDraft(context.tx, account.id, draftId)) ?? context.fail('notFound')
        if (now !== version) return context.fail('draftChanged', 'The draft was changed elsewhere meanwhile.')
        const sent = await send(context, locked, outgoing, { dueAt, isScheduled })
        if (!sent) return context.fail('quotaExceeded', 'The mailbox is full.')
        await drafts.markSent(context.tx, draftId, { messageId: sent.messageId, dueAt })
        return { messageId: sent.messageId, threadId: sent.threadId, sendAt: dueAt.toISOString() }
      })

      async function draftOf(id: string) {
        const draft = (await drafts.findDraft(context.db, account.id, id)) ?? context.fail('notFound')
        return draft.version === version
          ? draft
          : context.fail('draftChanged', 'The draft was changed elsewhere meanwhile.')
      }
    },
  },
  async cancelSending({ messageId }, context) {
    const account: AccountRow = await changeAccount(context)
    const draftId = await drafts.draftOfMessage(context.tx, messageId)
    const submissionId = await submissionOfMessage(context.tx, account.id, messageId)
    if (!(await findMessage(context.tx, account.id, messageId))) return context.fail('notFound')
    if (submissionId === undefined || draftId === undefined || !(await cancel(context.tx, submissionId)))
      return context.fail('alreadySent', 'It has left already.')
    await deleteMessages(context.tx, account, [messageId])
    return (await drafts.findDraft(context.tx, account.id, draftId)) ?? context.fail('notFound')
  },
}
