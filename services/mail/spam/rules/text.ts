/** What it speaks of. */
import type { Evidence } from '../evidence.ts'
import type { Topic } from '../topics.ts'
import { mixesAlphabets } from './header.ts'
import { freeMail } from './names.ts'
import { quote, when, type ReasonParameters, type Rule } from './rule.ts'

export const textRules: Rule[] = [
  about('advanceFee', 3, 1.8),
  about('extortion', 3, 2.2),
  about('pharmacy', 2, 1.5),
  about('credentials', 2, 1),
  about('prize', 2, 1.2),
  about('credit', 2, 1.2),
  about('investment', 2, 1),
  about('adult', 2, 1.5),
  about('getRich', 2, 1.2),
  about('goods', 3, 1),
  about('pitch', 2, 1.2),
  about('delivery', 2, 1),
  about('disclaimer', 2, 1),
  {
    code: 'urgency',
    weight: 0.5,
    kind: 'text',
    find: ({ topics, isAuthenticated }) =>
      when(!isAuthenticated && (topics.get('urgency')?.length ?? 0) > 1, {
        words: words(topics.get('urgency')),
      }),
  },
  {
    code: 'advanceFeeMuch',
    weight: 1.5,
    kind: 'text',
    find: ({ topics }) =>
      when((topics.get('advanceFee')?.length ?? 0) > 5, { words: words(topics.get('advanceFee')) }),
  },
  { code: 'bossAsks', weight: 1.8, kind: 'text', find: findBossAsks },
  { code: 'supportByPhone', weight: 1.6, kind: 'text', find: findSupportByPhone },
  {
    code: 'wallet',
    weight: 1.5,
    kind: 'text',
    find: ({ text, topics }) =>
      when(
        topics.has('extortion') &&
          /\b(?:bc1[a-z\d]{25,60}|[13][a-km-zA-HJ-NP-Z1-9]{25,34})\b/.test(text.slice(0, 6000)),
      ),
  },
  {
    code: 'largeSum',
    weight: 0.8,
    kind: 'text',
    find: ({ text }) =>
      when(
        /(?:usd|us ?\$|\$|£|€|eur|gbp)\s?\d{1,3}[,.]\d{3}[,.]\d{3}|\d million (?:us )?dollars/i.test(
          text.slice(0, 6000),
        ),
      ),
  },
  { code: 'textShouts', weight: 0.8, kind: 'text', find: findShouting },
  { code: 'textDisguised', weight: 1.5, kind: 'text', find: findDisguised },
  {
    code: 'textHidden',
    weight: 0.6,
    kind: 'text',
    find: ({ html, isAuthenticated }) => when(html.hasHiddenText && !isAuthenticated),
  },
  {
    code: 'imageOnly',
    weight: 1.2,
    kind: 'text',
    find: ({ html, text }) => when(html.images.length > 0 && text.trim().length < 80),
  },
  {
    code: 'moneyFromFreeMail',
    weight: 1,
    kind: 'text',
    find: ({ topics, fromDomain, message: { inReplyTo } }) =>
      when(
        freeMail.has(fromDomain) &&
          inReplyTo.length === 0 &&
          ['advanceFee', 'credit', 'pitch', 'investment', 'boss'].some(
            (topic) => (topics.get(topic as Topic)?.length ?? 0) > 1,
          ),
      ),
  },
]

function about(topic: Topic, atLeast: number, weight: number): Rule {
  return {
    code: topic,
    weight,
    kind: 'text',
    find({ topics }): ReasonParameters | undefined {
      const phrases = topics.get(topic)
      return phrases !== undefined && phrases.length >= atLeast ? { words: words(phrases) } : undefined
    },
  }
}

function words(phrases: readonly string[] = []): string {
  return phrases.slice(0, 3).join(', ')
}

/** Somebody in the name of a colleague asks for money, and the answer goes to a free mailbox. */
function findBossAsks({ topics, fromDomain, message: { envelope, inReplyTo } }: Evidence) {
  const phrases = topics.get('boss')
  if (phrases === undefined || phrases.length < 2 || inReplyTo.length > 0) return undefined
  const reply = envelope.replyTo[0]?.address ?? ''
  const isFree = freeMail.has(fromDomain) || freeMail.has(reply.slice(reply.lastIndexOf('@') + 1))
  return when(isFree, { words: words(phrases) })
}

/** A bill for what nobody has ordered, with a telephone number to call. */
function findSupportByPhone({ topics, subject, text, isAuthenticated, isBulk, fromDomain }: Evidence) {
  const phrases = topics.get('support')
  if (phrases === undefined || phrases.length < 2 || (isBulk && isAuthenticated && !freeMail.has(fromDomain)))
    return undefined
  const phone = /\+?1?[\s(.-]{0,3}\d{3}[\s).-]{1,3}\d{3}[\s.-]{1,2}\d{4}/.exec(
    `${subject}\n${text.slice(0, 4000)}`,
  )?.[0]
  return phone === undefined ? undefined : { phone: quote(phone.trim()), words: words(phrases) }
}

function findShouting({ characters: { letters, capitals } }: Evidence) {
  return when(letters > 150 && capitals / letters > 0.5)
}

/** Marks within words that can't be seen, or alphabets mixed in words. */
function findDisguised({ text }: Evidence) {
  const head = text.slice(0, 3000)
  if ((head.match(/[a-z][\u200b-\u200d\u2060\u00ad\ufeff][a-z]/gi)?.length ?? 0) > 2) return {}
  if (!/[\u0370-\u03ff\u0400-\u04ff]/.test(head)) return undefined
  return when(head.split(/\s/).filter(mixesAlphabets).length > 2)
}
