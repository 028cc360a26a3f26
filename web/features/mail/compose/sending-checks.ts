/** What is wrong with a message before it goes, and what its writer may have forgotten. */
import type { DraftContent } from '#contracts/mail/writing.ts'
import { mostRecipients } from '#contracts/mail/writing.ts'
import type { PlainKey } from '#web/messages/messages.ts'
import { isAddress } from './addresses.ts'
import { plainText } from './plain-text.ts'
import type { Upload } from './uploads.ts'

export type SendingQuestion = 'noSubject' | 'noAttachment'

/** It can't be sent so. */
export function faultOf({ to, cc, bcc }: DraftContent, uploads: readonly Upload[]): PlainKey | undefined {
  const people = [...to, ...cc, ...bcc]
  if (people.length === 0) return 'failure.noRecipients'
  if (people.some(({ address }) => !isAddress(address))) return 'failure.badRecipient'
  if (people.length > mostRecipients) return 'failure.tooManyRecipients'
  return uploads.some(({ state }) => state === 'failed') ? 'compose.uploadFailed' : undefined
}

/** `written`: the HTML without what is quoted below. */
export function questionsOf(
  { subject, attachments }: DraftContent,
  written: string,
  uploads: readonly Upload[],
): SendingQuestion[] {
  const questions: SendingQuestion[] = []
  if (subject.trim() === '') questions.push('noSubject')
  const hasFiles = uploads.length > 0 || attachments.some(({ contentId }) => contentId === undefined)
  if (!hasFiles && promisesFile(`${subject}\n${plainText(written)}`)) questions.push('noAttachment')
  return questions
}

const promise = /\b(attach(ed|ment|ments|ing)?|enclosed|enclosing)\b|সংযুক্ত|সংযুক্তি|সংযোজন|অ্যাটাচ|এটাচ/iu

function promisesFile(text: string): boolean {
  return promise.test(text)
}
