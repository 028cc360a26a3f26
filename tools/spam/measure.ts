/** Figures of a filter from its scores. */
import type { Label } from '#services/mail/spam/learning.ts'

/** The area above the ROC curve in per cent, as the TREC spam track counts it: ties are half a mistake. */
export function missedArea(scores: readonly number[], labels: readonly Label[]): number {
  const order = scores.map((_, at) => at).toSorted((a, b) => scores[a]! - scores[b]!)
  let ham = 0
  let spam = 0
  let rightPairs = 0
  for (let from = 0; from < order.length;) {
    let hamHere = 0
    let to = from
    for (; to < order.length && scores[order[to]!] === scores[order[from]!]; to++)
      if (labels[order[to]!] === 'ham') hamHere++
    const spamHere = to - from - hamHere
    rightPairs += spamHere * (ham + hamHere / 2)
    ham += hamHere
    spam += spamHere
    from = to
  }
  return ham === 0 || spam === 0 ? Number.NaN : (1 - rightPairs / (ham * spam)) * 100
}

export interface ErrorRates {
  ham: number
  spam: number
  /** Ham taken for spam, in per cent of the ham. */
  falsePositives: number
  /** Spam let through, in per cent of the spam. */
  falseNegatives: number
}

export function errorRates(isSpam: readonly boolean[], labels: readonly Label[]): ErrorRates {
  const count = { ham: 0, spam: 0, ham_wrong: 0, spam_wrong: 0 }
  labels.forEach((label, at) => {
    count[label]++
    if (isSpam[at] !== (label === 'spam')) count[`${label}_wrong`]++
  })
  return {
    ham: count.ham,
    spam: count.spam,
    falsePositives: (count.ham_wrong / count.ham) * 100,
    falseNegatives: (count.spam_wrong / count.spam) * 100,
  }
}
