/** Turns of phrase by what they are about. A topic that a message touches in several ways is evidence; one alone is not. */
import { phrasesByTopic } from './phrases.ts'
import { hashWords, type WordStream } from './words.ts'

export type Topic = keyof typeof phrasesByTopic

export interface TopicHit {
  topic: Topic
  phrase: string
}

/** Different phrases found, in the order of the text. */
export function findTopics(words: WordStream): TopicHit[] {
  const found = new Set<TopicHit>()
  for (let at = 0; at < words.count; at++) {
    const hash = words.hashes[at]!
    if (begins[hash & 0xffff] === 0) continue
    const candidates = index.get(hash)
    if (candidates === undefined) continue
    for (const { rest, hit } of candidates) {
      if (rest.every((hash, offset) => words.hashes[at + 1 + offset] === hash)) found.add(hit)
    }
  }
  return [...found]
}

const index = new Map<number, { rest: number[]; hit: TopicHit }[]>()
/** 1 where a phrase may begin: most words are seen here to begin none. */
const begins = new Uint8Array(65_536)
for (const [topic, phrases] of Object.entries(phrasesByTopic))
  for (const phrase of phrases.split('|').map((each) => each.trim())) {
    const [first, ...rest] = hashWords(phrase)
    const entry = { rest, hit: { topic: topic as Topic, phrase } }
    begins[first! & 0xffff] = 1
    index.set(first!, [...(index.get(first!) ?? []), entry])
  }
