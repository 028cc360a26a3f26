import { judgeAttachments } from '../attachments.ts'
import type { Evidence } from '../evidence.ts'
import { quote, when, type Rule } from './rule.ts'

export const attachmentRules: Rule[] = [
  {
    code: 'attachmentRuns',
    weight: 3.5,
    kind: 'attachment',
    find({ message }) {
      const worst = judgeAttachments(message).find(({ danger }) => danger === 'runs')
      return worst && { fileName: quote(worst.fileName) }
    },
  },
  {
    code: 'attachmentDisguised',
    weight: 2,
    kind: 'attachment',
    find({ message }) {
      const worst = judgeAttachments(message).find(({ isDisguised }) => isDisguised)
      return worst && { fileName: quote(worst.fileName) }
    },
  },
  {
    code: 'attachmentMacros',
    weight: 1.5,
    kind: 'attachment',
    find({ message }) {
      const worst = judgeAttachments(message).find(({ danger }) => danger === 'macros')
      return worst && { fileName: quote(worst.fileName) }
    },
  },
  { code: 'attachmentPage', weight: 1.5, kind: 'attachment', find: findPage },
  {
    code: 'archivePassword',
    weight: 1.8,
    kind: 'attachment',
    find: ({ message, text }) =>
      when(
        message.attachments.some(({ fileName }) => /\.(?:zip|rar|7z|iso)$/i.test(fileName)) &&
          /\b(?:password|passcode|pwd)\b.{0,20}[:\d]/i.test(text.slice(0, 3000)),
      ),
  },
]

/** A page in an attachment opens outside of everything that looks at links. */
function findPage({ message }: Evidence) {
  const page = message.attachments.find(({ fileName }) => /\.(?:html?|shtml|xhtml|svg)$/i.test(fileName))
  return page && { fileName: quote(page.fileName) }
}
