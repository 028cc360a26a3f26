/** Sends e-mail through the mail service, which takes it on itself to bring it to where it belongs. */
import { CallError } from '#contracts/errors.ts'
import { mail } from '#contracts/mail.ts'
import type { Context } from '../settings.ts'
import { Refusal, type Provider } from './provider.ts'

export function openMail({ client }: Context): Provider {
  return {
    async send({ notificationId, to, rendering }, signal) {
      const { subject, text, html } = rendering
      try {
        const letter = { to, subject: subject ?? '', text, ...(html !== null && { html }), isAutomatic: true }
        // The same notification is sent once, however often it is tried.
        const options = { idempotencyKey: `notification.${notificationId}`, signal }
        const { submissionId } = await client(mail).sendMail(letter, options)
        return `queued as ${submissionId}`
      } catch (error) {
        if (!(error instanceof CallError)) throw error
        if (error.status >= 500 || error.status === 429) throw new Refusal(error.message, false, 'provider')
        throw new Refusal(error.message, true, error.code === 'badRecipient' ? 'recipient' : 'message')
      }
    },
    async [Symbol.asyncDispose]() {},
  }
}
