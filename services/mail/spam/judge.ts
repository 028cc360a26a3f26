import type { ParsedMessage } from '../mime/message.ts'
import { readEvidence, type Evidence } from './evidence.ts'
import { findListed, isAuthenticated, isForged, type MailFacts } from './facts.ts'
import { featuresOf, type Features } from './features.ts'
import { biasOf, weighGroups, type Models } from './model.ts'
import { applyRules, type RuleHit } from './rules/all.ts'
import type { ReasonParameters } from './rules/rule.ts'
import { findTellingWords } from './telling-words.ts'

export type Verdict = 'ham' | 'unsure' | 'spam' | 'certainSpam'

export interface Reason {
  /** Key in `contracts/mail/spam-reasons.ts`. */
  code: string
  parameters: ReasonParameters
  /** Log-odds that it adds; below 0 speaks for the message. */
  weight: number
}

export interface Judgement {
  /** Log-odds of spam. */
  score: number
  verdict: Verdict
  /** The heaviest first. */
  reasons: Reason[]
  /** For learning from a correction later. */
  features: Features
}

/** Log-odds from which on a verdict holds. `unsure` stays in the inbox with a word of warning. */
export const thresholds = { unsure: 0, spam: 0.75, certainSpam: 9 }
/** Asked beside by a filter that has learned nothing of this account's mail; less with each training up to so many. */
const caution = { unsure: 1.4, spam: 2.85, trainings: 200 }

export function judgeSpam(message: ParsedMessage, facts: MailFacts, models: Models): Judgement {
  const evidence = readEvidence(message, facts)
  const hits = applyRules(evidence)
  const features = gatherFeatures(evidence, hits)
  const [header, text, tokens] = weighGroups(features, models)
  const listed = judgeByLists(evidence)
  const reasons: Reason[] = [
    ...hits.map(({ rule, parameters }) => ({ code: rule.code, parameters, weight: rule.weight })),
    { code: header > 0 ? 'headerLikeSpam' : 'headerLikeHam', parameters: {}, weight: header },
    ...textReason(evidence, text + tokens, models),
  ].toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight))
  const score = header + text + tokens + biasOf(models) + features.offset

  if (listed !== undefined) {
    const verdict = listed.weight > 0 ? 'spam' : 'ham'
    return { score: score + listed.weight, verdict, reasons: [listed, ...reasons], features }
  }
  if (isProtected(facts) && score >= thresholds.unsure && !accuse(hits)) {
    const known = { code: 'knownSender', parameters: {}, weight: thresholds.unsure - 0.01 - score }
    return { score: thresholds.unsure - 0.01, verdict: 'ham', reasons: [known, ...reasons], features }
  }
  return {
    score,
    verdict: verdictOf(score, models),
    reasons: reasons.filter(({ weight }) => Math.abs(weight) >= 0.1),
    features,
  }
}

/** What the model sees of a message, as `judgeSpam` gives it: for messages that are learned and never were judged. */
export function extractFeatures(message: ParsedMessage, facts: MailFacts): Features {
  const evidence = readEvidence(message, facts)
  return gatherFeatures(evidence, applyRules(evidence))
}

/** The same of a text without its header. */
export function extractTextFeatures(message: ParsedMessage): Features {
  const evidence = readEvidence(message, {})
  const features = gatherFeatures(
    evidence,
    applyRules(evidence).filter(({ rule }) => rule.kind === 'text'),
  )
  const [header, text, tokens] = features.ends
  return { ...features, places: features.places.slice(header), ends: [0, text - header, tokens - header] }
}

function gatherFeatures(evidence: Evidence, hits: RuleHit[]): Features {
  const codes = hits.map(({ rule }) => rule.code)
  return featuresOf(
    evidence,
    codes,
    hits.reduce((sum, { rule }) => sum + rule.weight, 0),
  )
}

function verdictOf(score: number, { account }: Models): Verdict {
  const inexperience = 1 - Math.min(1, (account?.trainings ?? 0) / caution.trainings)
  const sure = score - caution.spam * inexperience
  if (sure >= thresholds.certainSpam) return 'certainSpam'
  if (sure >= thresholds.spam) return 'spam'
  return score >= thresholds.unsure + caution.unsure * inexperience ? 'unsure' : 'ham'
}

/** Blocked is blocked; allowed is whoever isn't proved false. */
function judgeByLists({ facts, from }: Evidence): Reason | undefined {
  if (facts.lists === undefined || from === undefined) return undefined
  const blocked = findListed(facts.lists.block, from.address)
  if (blocked !== undefined) return { code: 'blocked', parameters: { entry: blocked }, weight: 20 }
  const allowed = isForged(facts) ? undefined : findListed(facts.lists.allow, from.address)
  return allowed === undefined ? undefined : { code: 'allowed', parameters: { entry: allowed }, weight: -20 }
}

/** Proved to come from a sender whose mail this person reads: words alone never filter it. */
function isProtected(facts: MailFacts): boolean {
  const { history } = facts
  if (history === undefined || !isAuthenticated(facts) || history.markedSpam > history.markedHam) return false
  return history.read > 0 || history.repliedTo > 0 || history.inContacts
}

/** Whether something other than words and looks speaks against it. */
function accuse(hits: RuleHit[]): boolean {
  return hits
    .filter(({ rule }) => rule.kind === 'attachment' || rule.kind === 'link' || rule.kind === 'sender')
    .some(({ rule }) => rule.weight >= 1.8)
}

function textReason(evidence: Evidence, weight: number, models: Models): Reason[] {
  const words = Math.abs(weight) < 0.5 ? [] : findTellingWords(evidence, models, weight > 0 ? 1 : -1)
  const code = weight > 0 ? 'textLikeSpam' : 'textLikeHam'
  return [
    words.length === 0
      ? { code, parameters: {}, weight }
      : { code: `${code}Words`, parameters: { words: words.join(', ') }, weight },
  ]
}
