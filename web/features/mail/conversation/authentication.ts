/** What was found out about a message's sender, in words. */
import type { Authentication, Message } from '#contracts/mail/messages.ts'
import type { PlainKey } from '#web/messages/messages.ts'

/** The domains that stand for it: who signed it, and whose server sent it. */
export function voucherOf({ dkim, spf }: Authentication): {
  signedBy: string | undefined
  sentBy: string | undefined
} {
  const signed = dkim.filter(({ result }) => result === 'pass')
  return {
    signedBy: (signed.find(({ isAligned }) => isAligned) ?? signed[0])?.domain,
    sentBy: spf.result === 'pass' ? spf.domain : undefined,
  }
}

/** Undefined where there is nothing to warn of. */
export function warningOf({ authentication, spam, isOwn }: Message): PlainKey | undefined {
  if (isOwn) return undefined
  if (spam.verdict === 'spam' || spam.verdict === 'certainSpam') return 'mail.warning.spam'
  if (authentication?.dmarc.result === 'fail') return 'mail.warning.forged'
  return undefined
}
