import { countCharacters, type CharacterCounts } from './characters.ts'
import type { MailAddress, ParsedMessage } from '../mime/message.ts'
import { isAuthenticated, type MailFacts } from './facts.ts'
import { organisationOf, readHtml, readTextLinks, type Html, type Link } from './links.ts'
import { findTopics, type Topic } from './topics.ts'
import { readWords, type WordStream } from './words.ts'

/** What rules and features look at, read once. */
export interface Evidence {
  message: ParsedMessage
  facts: MailFacts
  /** Values by lower-case name, in order. */
  headers: Map<string, string[]>
  from: MailAddress | undefined
  fromDomain: string
  fromOrganisation: string
  subject: string
  /** The beginning of the text. */
  text: string
  /** Of the text's first 4,000. */
  characters: CharacterCounts
  subjectWords: WordStream
  words: WordStream
  /** Different phrases found, by topic. */
  topics: Map<Topic, string[]>
  /** Of the html, where there is some, else of the text. */
  links: Link[]
  html: Html
  isAuthenticated: boolean
  /** Has a list's or a bulk sender's headers. */
  isBulk: boolean
}

const longestText = 16_384
const mostWords = 600

export function readEvidence(message: ParsedMessage, facts: MailFacts): Evidence {
  const headers = new Map<string, string[]>()
  for (const { name, value } of message.headers) {
    const values = headers.get(name)
    if (values === undefined) headers.set(name, [value])
    else if (values.length < 50) values.push(value)
  }
  const from = message.envelope.from[0]
  const fromDomain = from === undefined ? '' : domainOf(from.address)
  const subject = message.envelope.subject.slice(0, 1000)
  const text = message.text.slice(0, longestText)
  const subjectWords = readWords(subject, 40)
  const words = readWords(text, mostWords)
  const html = readHtml(message.html)
  return {
    message,
    facts,
    headers,
    from,
    fromDomain,
    fromOrganisation: organisationOf(fromDomain),
    subject,
    text,
    characters: countCharacters(text, 4000),
    subjectWords,
    words,
    topics: topicsOf(subjectWords, words),
    links: message.html === '' ? readTextLinks(text) : html.links,
    html,
    isAuthenticated: isAuthenticated(facts),
    isBulk: ['list-id', 'list-unsubscribe', 'list-post', 'feedback-id'].some((name) => headers.has(name)),
  }
}

export function firstHeader(evidence: Evidence, name: string): string {
  return evidence.headers.get(name)?.[0] ?? ''
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

function topicsOf(...streams: WordStream[]): Map<Topic, string[]> {
  const topics = new Map<Topic, string[]>()
  for (const stream of streams)
    for (const { topic, phrase } of findTopics(stream)) {
      const phrases = topics.get(topic)
      if (phrases === undefined) topics.set(topic, [phrase])
      else if (!phrases.includes(phrase)) phrases.push(phrase)
    }
  return topics
}
