import type { Evidence } from './evidence.ts'
import { seeds } from './features.ts'
import { placeOf } from './grams.ts'
import type { Models } from './model.ts'

const most = 3
const shortest = 4

/** The words of a message that speak loudest for spam (1) or against it (-1). */
export function findTellingWords(evidence: Evidence, { shipped, account }: Models, sign: 1 | -1): string[] {
  const found: { word: string; weight: number }[] = []
  for (const { stream, text } of [
    { stream: evidence.subjectWords, text: evidence.subject },
    { stream: evidence.words, text: evidence.text },
  ])
    for (let at = 0; at < Math.min(stream.count, 200); at++) {
      const length = stream.ends[at]! - stream.starts[at]!
      if (length < shortest || length > 24) continue
      const place = placeOf(stream.hashes[at]!, seeds.word)
      const weight = sign * (shipped.weights[place]! + (account?.weights[place] ?? 0))
      if (weight <= 0 || (found.length === most && weight <= found.at(-1)!.weight)) continue
      const word = text.slice(stream.starts[at], stream.ends[at]).toLowerCase()
      if (found.some((each) => each.word === word)) continue
      found.push({ word, weight })
      found.sort((a, b) => b.weight - a.weight)
      found.length = Math.min(most, found.length)
    }
  return found.map(({ word }) => word)
}
