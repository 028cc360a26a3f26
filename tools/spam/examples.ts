/** What the shipped models are trained on. */
import { parseMessage } from '#services/mail/mime/parse.ts'
import type { MailFacts } from '#services/mail/spam/facts.ts'
import type { Features } from '#services/mail/spam/features.ts'
import { extractFeatures } from '#services/mail/spam/judge.ts'
import type { Label } from '#services/mail/spam/learning.ts'
import { pick } from './random.ts'
import { render } from './render.ts'
import { randomFor } from './slots.ts'
import type { Template } from './templates.ts'

export interface Example {
  label: Label
  /** The corpus part or the template that it is of; what is held out together. */
  source: string
  features: Features
}

export function renderExamples(templates: readonly Template[], each: number): Example[] {
  return templates.flatMap((template) =>
    Array.from({ length: each }, (_, seed) => {
      const label: Label = template.file.startsWith('spam') ? 'spam' : 'ham'
      const message = parseMessage(render(template, seed).bytes)
      return {
        label,
        source: `${template.file}/${template.name}`,
        features: extractFeatures(message, makeFacts(template, label, seed)),
      }
    }),
  )
}

/** Half of them come with verdicts on their sender. Much spam is authenticated too: its senders own their domains. */
function makeFacts({ file, name }: Template, label: Label, seed: number): MailFacts {
  const random = randomFor('facts', file, name, seed)
  if (random() < 0.5) return {}
  const passes = random() < (label === 'ham' ? 0.9 : 0.5)
  if (passes) return { authentication: { spf: 'pass', dkim: 'pass', dmarc: 'pass' } }
  const result = pick(random, label === 'ham' ? ['none', 'none', 'softfail'] : ['none', 'fail', 'softfail'])
  return { authentication: { spf: result, dkim: 'none', dmarc: result === 'fail' ? 'fail' : 'none' } }
}
