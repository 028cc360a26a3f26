/** Runs the filter over a corpus: what it says of each message, and with `online` what it learns from the truth after each. */
import { parseMessage } from '#services/mail/mime/parse.ts'
import { judgeSpam, type Verdict } from '#services/mail/spam/judge.ts'
import { createDelta, learn, writeDelta, type Label } from '#services/mail/spam/learning.ts'
import { loadShippedModel, type Model } from '#services/mail/spam/model.ts'
import { readEntries, type Entry } from './index-file.ts'
import { errorRates, missedArea, type ErrorRates } from './measure.ts'
import { readFacts } from './trace-facts.ts'

export interface Outcome extends ErrorRates {
  /** (1-ROCA)%. */
  missedArea: number
  /** In per cent of ham and of spam. */
  unsureHam: number
  unsureSpam: number
  /** Parsing, judging and learning; reading the files not counted. */
  messagesPerCpuSecond: number
  /** The account's learned weights, serialised. */
  accountBytes: number
  scores: { label: Label; path: string; score: number; verdict: Verdict }[]
}

const batchSize = 200
/** Messages held at once. */
const batchBytes = 64 * 1024 * 1024

export async function evaluate(
  index: string,
  { isOnline, limit, shipped = loadShippedModel() }: { isOnline: boolean; limit?: number; shipped?: Model },
): Promise<Outcome> {
  const account = createDelta()
  const scores: Outcome['scores'] = []
  let cpuMicros = 0
  for await (const batch of inBatches(readEntries(index, limit))) {
    const before = process.cpuUsage()
    for (const { label, path, bytes } of batch) {
      const message = parseMessage(bytes)
      const models = isOnline ? { shipped, account } : { shipped }
      const { score, verdict, features } = judgeSpam(message, readFacts(message), models)
      scores.push({ label, path, score, verdict })
      if (isOnline) learn({ shipped, account }, features, label)
    }
    const { user, system } = process.cpuUsage(before)
    cpuMicros += user + system
  }
  return {
    ...summarise(scores),
    messagesPerCpuSecond: scores.length / (cpuMicros / 1e6),
    accountBytes: writeDelta(account).length,
    scores,
  }
}

async function* inBatches(entries: AsyncIterable<Entry>): AsyncGenerator<Entry[]> {
  let batch: Entry[] = []
  let size = 0
  for await (const entry of entries) {
    batch.push(entry)
    size += entry.bytes.length
    if (batch.length < batchSize && size < batchBytes) continue
    yield batch
    batch = []
    size = 0
  }
  if (batch.length > 0) yield batch
}

function summarise(scores: Outcome['scores']) {
  const labels = scores.map(({ label }) => label)
  const rates = errorRates(
    scores.map(({ verdict }) => verdict === 'spam' || verdict === 'certainSpam'),
    labels,
  )
  const unsure = (label: Label) =>
    scores.filter((each) => each.label === label && each.verdict === 'unsure').length
  return {
    ...rates,
    missedArea: missedArea(
      scores.map(({ score }) => score),
      labels,
    ),
    unsureHam: (unsure('ham') / rates.ham) * 100,
    unsureSpam: (unsure('spam') / rates.spam) * 100,
  }
}
