/** What this person has done with the sender's mail before. Counts only for a sender who is not proved false. */
import type { Evidence } from '../evidence.ts'
import { isForged } from '../facts.ts'
import { when, type Rule } from './rule.ts'

export const historyRules: Rule[] = [
  { code: 'answersOurs', weight: -4, kind: 'history', find: ({ facts }) => when(facts.answersOurs === true) },
  {
    code: 'repliedBefore',
    weight: -3,
    kind: 'history',
    find: (evidence) => when(knows(evidence, ({ repliedTo }) => repliedTo > 0)),
  },
  {
    code: 'inContacts',
    weight: -2.5,
    kind: 'history',
    find: (evidence) => when(knows(evidence, ({ inContacts }) => inContacts)),
  },
  {
    code: 'readBefore',
    weight: -1.5,
    kind: 'history',
    find: (evidence) => when(knows(evidence, ({ read, markedSpam }) => read > 0 && markedSpam === 0)),
  },
  {
    code: 'rescuedBefore',
    weight: -2.5,
    kind: 'history',
    find: (evidence) => when(knows(evidence, ({ markedHam, markedSpam }) => markedHam > markedSpam)),
  },
  {
    code: 'reportedBefore',
    weight: 2.5,
    kind: 'history',
    find: ({ facts: { history } }) =>
      when(history !== undefined && history.markedSpam > history.markedHam, {
        count: String(history?.markedSpam ?? 0),
      }),
  },
  {
    code: 'neverRead',
    weight: 0.7,
    kind: 'history',
    find: ({ facts: { history } }) =>
      when(history !== undefined && history.seen > 9 && history.read === 0 && !history.inContacts, {
        count: String(history?.seen ?? 0),
      }),
  },
]

function knows(
  { facts }: Evidence,
  holds: (history: NonNullable<Evidence['facts']['history']>) => boolean,
): boolean {
  return facts.history !== undefined && !isForged(facts) && holds(facts.history)
}
