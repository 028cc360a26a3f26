/** To whom an answer goes and what it is called. */
import type { MailAddress, Message } from '#contracts/mail/messages.ts'
import type { DraftContent } from '#contracts/mail/writing.ts'

export type AnswerKind = 'reply' | 'replyAll' | 'forward'

export type Answer = Pick<DraftContent, 'to' | 'cc' | 'subject' | 'answers' | 'forwards'> & { from?: string }

/** `own`: addresses the person writes from, lower or upper case. */
export function answerTo(message: Message, kind: AnswerKind, own: readonly string[]): Answer {
  const from = ownRecipient(message, own)
  const named = from === undefined ? {} : { from }
  if (kind === 'forward')
    return {
      ...named,
      to: [],
      cc: [],
      subject: subjectOf(message, 'Fwd:'),
      answers: null,
      forwards: message.id,
    }
  const taken = new Set<string>()
  const each = (people: readonly MailAddress[]) =>
    people.filter(({ address }) => {
      const key = address.toLowerCase()
      return key !== '' && !taken.has(key) && taken.add(key)
    })
  // Who answers a message of their own writes on to those it went to.
  const sender = message.isOwn ? message.to : message.replyTo.length > 0 ? message.replyTo : message.from
  const to = each(sender)
  if (kind === 'replyAll') for (const address of own) taken.add(address.toLowerCase())
  const cc = kind === 'replyAll' ? each(message.isOwn ? message.cc : [...message.to, ...message.cc]) : []
  return { ...named, to, cc, subject: subjectOf(message, 'Re:'), answers: message.id, forwards: null }
}

/** With the list that a message came by, where those who answer all mean it too. */
export function withList(answer: Answer, listPost: string | null): Answer {
  const { to, cc } = answer
  const isThere = [...to, ...cc].some(({ address }) => address.toLowerCase() === listPost?.toLowerCase())
  return listPost === null || isThere ? answer : { ...answer, cc: [...cc, { name: '', address: listPost }] }
}

/** The one of the person's addresses that it came to. */
function ownRecipient({ to, cc, from, isOwn }: Message, own: readonly string[]): string | undefined {
  const people = isOwn ? from : [...to, ...cc]
  return own.find((address) => people.some((one) => one.address.toLowerCase() === address.toLowerCase()))
}

/** Marks of answers and of forwarded messages, in the languages people here get mail in. */
const marks = /^\s*(?:(?:re|aw|sv|antw|fwd?|wg|tr)(?:\[\d{1,3}\])?\s*:\s*|উত্তর\s*:\s*)/i

function subjectOf({ subject }: Message, mark: 'Re:' | 'Fwd:'): string {
  let rest = subject
  for (let found = marks.exec(rest); found && rest.length > 0; found = marks.exec(rest))
    rest = rest.slice(found[0].length)
  return `${mark} ${rest}`.trimEnd().slice(0, 998)
}
