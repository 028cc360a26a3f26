import type { Evidence } from '../evidence.ts'
import { attachmentRules } from './attachment.ts'
import { conversationRules } from './conversation.ts'
import { headerRules } from './header.ts'
import { historyRules } from './history.ts'
import { linkRules } from './link.ts'
import type { ReasonParameters, Rule } from './rule.ts'
import { senderRules } from './sender.ts'
import { textRules } from './text.ts'

export const rules: readonly Rule[] = [
  ...senderRules,
  ...headerRules,
  ...linkRules,
  ...textRules,
  ...attachmentRules,
  ...conversationRules,
  ...historyRules,
]

export interface RuleHit {
  rule: Rule
  parameters: ReasonParameters
}

export function applyRules(evidence: Evidence): RuleHit[] {
  const hits: RuleHit[] = []
  for (const rule of rules) {
    const parameters = rule.find(evidence)
    if (parameters !== undefined) hits.push({ rule, parameters })
  }
  return hits
}
