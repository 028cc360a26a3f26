/**
 * `npm run spam -- evaluate INDEX [--online] [--fresh] [--scores OUT] [--limit N]`: figures of the filter on a corpus;
 * `npm run spam -- train [--data FOLDER]`: trains the models that ship; `npm run spam -- categories`: figures of the
 * categories on senders that the model has not seen.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { reportCategories, trainCategories } from './spam/categories.ts'
import { evaluate } from './spam/evaluate.ts'
import { trainSpamModel } from './spam/train.ts'

const usage = `Usage:
  npm run spam -- evaluate INDEX [--online | --fresh] [--scores OUT] [--limit N]
  npm run spam -- train [--data FOLDER]
  npm run spam -- categories`

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      online: { type: 'boolean' },
      fresh: { type: 'boolean' },
      scores: { type: 'string' },
      limit: { type: 'string' },
      data: { type: 'string' },
    },
  })
  const [command, index] = positionals
  if (command === 'evaluate' && index !== undefined) await printEvaluation(index, values)
  else if (command === 'train') {
    trainSpamModel(values.data ?? '../shared/data')
    trainCategories()
  } else if (command === 'categories') reportCategories()
  else throw new Error(usage)
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}

/** Both protocols where none is named. */
async function printEvaluation(
  index: string,
  {
    online = false,
    fresh = false,
    scores,
    limit,
  }: { online?: boolean; fresh?: boolean; scores?: string; limit?: string },
): Promise<void> {
  const both = online === fresh
  if (both && scores !== undefined) throw new Error('--scores wants either --online or --fresh.')
  const most = limit === undefined ? undefined : Number(limit)
  if (most !== undefined && !(most > 0)) throw new Error('--limit wants a number above 0.')
  const table: Record<string, Record<string, number | string>> = {}
  for (const isOnline of both ? [false, true] : [online]) {
    const outcome = await evaluate(index, { isOnline, ...(most === undefined ? {} : { limit: most }) })
    table[isOnline ? 'online' : 'fresh'] = {
      ham: outcome.ham,
      spam: outcome.spam,
      'FP %': round(outcome.falsePositives),
      'FN %': round(outcome.falseNegatives),
      'unsure ham %': round(outcome.unsureHam),
      'unsure spam %': round(outcome.unsureSpam),
      '(1-ROCA) %': Number(outcome.missedArea.toFixed(4)),
      'messages/CPU s': Math.round(outcome.messagesPerCpuSecond),
      'account kB': isOnline ? Math.round(outcome.accountBytes / 1000) : '',
    }
    if (scores !== undefined)
      writeFileSync(
        scores,
        outcome.scores.map(({ label, score, path }) => `${label}\t${score}\t${path}\n`).join(''),
      )
  }
  console.table(table)
}

function round(value: number): number {
  return Number(value.toFixed(2))
}
