/** Sending in one call: for programs, and for the mail of our own services. */
import type { DraftContent } from '#contracts/mail/writing.ts'
import { announceQueue, submit } from '../delivery/submit.ts'
import { changeAccount } from '../reading/account.ts'
import { callerOf, type Calls, type Command } from '../settings.ts'
import { makeOutgoing, makeSystemMail } from './outgoing.ts'
import { send } from './send.ts'

/** RFC 3834 §5 */
const automatic = [{ name: 'Auto-Submitted', value: 'auto-generated' }]

export const sendMail: Calls['sendMail'] = async (input, context) => {
  const {
    from,
    to,
    cc,
    bcc,
    subject,
    message,
    text = message ?? '',
    html = null,
    attachments,
    isAutomatic,
  } = input
  const content: DraftContent = {
    ...(from !== undefined && { from }),
    to,
    cc,
    bcc,
    subject,
    text,
    html,
    attachments,
    answers: null,
    forwards: null,
  }
  if (context.identity.kind === 'service') return sendForService(context, content)
  callerOf(context)
  const account = await changeAccount(context)
  const outgoing = await makeOutgoing(context, account, content, isAutomatic ? automatic : [])
  const sent = await send(context, account, outgoing, {})
  if (!sent) return context.fail('quotaExceeded', 'The mailbox is full.')
  return { messageId: sent.messageId, submissionId: sent.submissionId }
}

/** From `noreply` of the domain; nobody's mailbox keeps a copy, and bounces come to nobody. */
async function sendForService(
  context: Command & Parameters<typeof makeSystemMail>[0],
  content: DraftContent,
) {
  const { taken, recipients } = await makeSystemMail(context, content, automatic)
  const submissionId = await submit(
    context.tx,
    { blob: taken.blob, sizeBytes: taken.sizeBytes, sender: '' },
    recipients.map((address) => ({ address })),
  )
  context.afterCommit(() => announceQueue(context.signals))
  return { messageId: null, submissionId }
}
