/** Marks of people who talk with each other. They are easy to forge, so they weigh little. */
import { firstHeader, type Evidence } from '../evidence.ts'
import { when, type Rule } from './rule.ts'

export const conversationRules: Rule[] = [
  {
    code: 'answer',
    weight: -1.2,
    kind: 'header',
    find: ({ message: { inReplyTo, references }, text }) =>
      when(
        (inReplyTo.length > 0 || references.length > 0) &&
          /^\s{0,4}>|^-----Original Message|wrote:\s{0,5}$/m.test(text),
      ),
  },
  {
    code: 'listDiscussion',
    weight: -0.8,
    kind: 'header',
    find: (evidence) => when(isDiscussion(evidence)),
  },
  {
    code: 'signedByPerson',
    weight: -1,
    kind: 'header',
    find: ({ message: { structure }, text }) =>
      when(
        structure.mediaType === 'multipart/signed' || text.startsWith('-----BEGIN PGP SIGNED MESSAGE-----'),
      ),
  },
]

function isDiscussion(evidence: Evidence): boolean {
  const hasList = evidence.headers.has('list-id') && evidence.headers.has('list-post')
  return hasList && !evidence.html.tags.has('img') && firstHeader(evidence, 'auto-submitted') === ''
}
