/** What stands in a window when it opens. */
import type { OutputOf } from '#contracts/client.ts'
import type { Message } from '#contracts/mail/messages.ts'
import type { Draft, DraftContent } from '#contracts/mail/writing.ts'
import { mail } from '#contracts/mail.ts'
import { caller } from '#web/app/caller.ts'
import { queryOf } from '#web/app/queries.ts'
import type { Words } from '#web/app/words.ts'
import { answerTo, withList, type AnswerKind } from './answer.ts'
import { localCopiesOf } from './local-copies.ts'
import { emptyContent, openNew, openRestored, openSaved, type Author } from './open-draft.ts'
import { plainText, textWithQuote } from './plain-text.ts'
import { quoteOf } from './quote.ts'
import { signed } from './signatures.ts'
import { openWindows } from './windows.ts'
import type { FileToAttach } from './uploads.ts'

export interface Writer extends Author {
  words: Words
}

type Preferences = OutputOf<typeof mail.calls.showMailPreferences>

/** A new message. */
export async function openMessage(writer: Writer, initial: Partial<DraftContent>): Promise<void> {
  const preferences = await preferencesOf(writer)
  const signature = preferences?.signatures.find(({ id }) => id === preferences.newSignature)
  const content = { ...emptyContent, ...initial }
  const html = signed(content.html, content.text, signature?.html)
  openNew(writer, { ...content, html, text: plainText(html) }, content.to.length > 0 ? 'text' : 'to')
}

/** An answer, with what it answers below; a forwarded message brings its attachments along. */
export async function openAnswer(writer: Writer, message: Message, kind: AnswerKind): Promise<void> {
  const { queries, words } = writer
  const [preferences, identities, body] = await Promise.all([
    preferencesOf(writer),
    queries
      .ensureQueryData(queryOf(mail.calls.listIdentities, {}))
      .then(({ items }) => items.map(({ address }) => address))
      .catch(() => []),
    queries.ensureQueryData(queryOf(mail.calls.showMessageBody, { messageId: message.id })),
  ])
  const signature = preferences?.signatures.find(({ id }) => id === preferences.replySignature)
  const quote = quoteOf(message, body, kind, words)
  const written = signed(null, '', signature?.html)
  const answer = answerTo(message, kind, identities)
  const content = {
    ...emptyContent,
    ...(kind === 'replyAll' ? withList(answer, body.listPost) : answer),
    html: written + quote,
    text: textWithQuote(written, quote),
  }
  const { uploads } = openNew(writer, content, kind === 'forward' ? 'to' : 'text')
  uploads.add(filesOf(message, quote, kind))
}

/** A saved draft, in the window that has it already if there is one. */
export async function openDraft(writer: Writer, draft: Draft): Promise<void> {
  openSaved(writer, draft)
}

/** Drafts that were not saved when their tab went. Those that another tab has open are left to it. */
export async function openUnsaved(writer: Writer): Promise<void> {
  const copies = localCopiesOf(writer.accountId)
  const open = new Set(openWindows().map(({ keeper }) => keeper.view().id))
  for (const copy of copies.list().filter(({ id }) => !open.has(id)))
    if (await copies.isFree(copy)) openRestored(writer, copy)
}

async function preferencesOf({ queries }: Writer): Promise<Preferences | undefined> {
  return queries.ensureQueryData(queryOf(mail.calls.showMailPreferences, {})).catch(() => undefined)
}

/** Pictures that the quoted text shows, and where it is forwarded all else. */
function filesOf({ id, attachments }: Message, quote: string, kind: AnswerKind): FileToAttach[] {
  const isShown = (contentId: string | undefined) =>
    contentId !== undefined && quote.includes(`cid:${contentId}`)
  return attachments
    .filter(({ contentId, isInline }) => isShown(contentId) || (kind === 'forward' && !isInline))
    .map(({ part, fileName, mediaType, sizeBytes, contentId }) => ({
      fileName,
      mediaType,
      sizeBytes,
      ...(isShown(contentId) && contentId !== undefined && { contentId }),
      open: () => caller.call(mail.calls.downloadPart, { messageId: id, part }),
    }))
}
