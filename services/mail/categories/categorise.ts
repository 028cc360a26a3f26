/** Which tab of the inbox a message belongs to, and why. `GUIDE.md` says what belongs where. */
import type { ParsedMessage } from '../mime/message.ts'
import { readEvidence, type Evidence } from '../spam/evidence.ts'
import { isForged, type MailFacts } from '../spam/facts.ts'
import { categories, type Category, type CategoryReason, type CategoryVerdict } from './category.ts'
import { networkOf } from './networks.ts'
import { loadCategoryModel, weighCategories, type CategoryModel } from './model.ts'
import { readSignals, type Signal } from './signals.ts'

export interface CategoryFacts extends MailFacts {
  /** Where this person has put mail of this sender; it always wins. */
  corrected?: Category
}

export function categorise(
  message: ParsedMessage,
  facts: CategoryFacts,
  model: CategoryModel = loadCategoryModel(),
): CategoryVerdict {
  const evidence = readEvidence(message, facts)
  const sender = evidence.from?.address ?? ''
  if (facts.corrected !== undefined)
    return { category: facts.corrected, reasons: [{ code: 'corrected', parameters: { sender } }] }
  if (facts.answersOurs) return { category: 'primary', reasons: [{ code: 'answersOurs', parameters: {} }] }
  if (isAcquainted(evidence))
    return { category: 'primary', reasons: [{ code: 'acquainted', parameters: { sender } }] }

  const network = networkOf(evidence)
  if (network !== undefined)
    return { category: network, reasons: [{ code: 'network', parameters: { sender } }] }

  const signals = readSignals(evidence)
  const odds = weighCategories(signals, model)
  const category = categories.reduce((best, each) => (odds[each] > odds[best] ? each : best))
  return { category, reasons: reasonsFor(category, signals, model) }
}

/** A person one writes with; a contact's bulk mail is still bulk mail. */
function isAcquainted({ facts, isBulk }: Evidence): boolean {
  const { history } = facts
  return history !== undefined && !isBulk && !isForged(facts) && (history.repliedTo > 0 || history.inContacts)
}

const mostReasons = 3
const fewWords = 3

/** What spoke most for this category against the others. */
function reasonsFor(category: Category, signals: readonly Signal[], model: CategoryModel): CategoryReason[] {
  const others = categories.filter((each) => each !== category)
  const gains = signals
    .map((signal) => {
      const best = Math.max(...others.map((each) => model[each][signal.place]!))
      return { signal, gain: (model[category][signal.place]! - best) * signal.value }
    })
    .filter(({ gain }) => gain > 0)
    .toSorted((a, b) => b.gain - a.gain)
  const codes = [
    ...new Set(
      gains
        .filter(({ signal }) => signal.code !== 'words' && signal.code !== 'shape')
        .map(({ signal }) => signal.code),
    ),
  ]
  const words = [
    ...new Set(
      gains.flatMap(({ signal }) =>
        signal.word !== undefined && signal.word.length > 3 ? [signal.word] : [],
      ),
    ),
  ]
  const reasons = codes.slice(0, mostReasons).map((code) => ({ code, parameters: {} }))
  return words.length === 0
    ? reasons
    : [...reasons, { code: 'words', parameters: { words: words.slice(0, fewWords).join(', ') } }]
}
