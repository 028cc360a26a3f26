/** What follows from an attempt: when the next one is, whether it is over, and what the sender has to be told. */
import { Readable } from 'node:stream'
import type { Blobs } from '#platform/blobs/blobs.ts'
import type { Database } from '#platform/database/database.ts'
import { lockLot, settleLot, type Lot } from '../store/queue.ts'
import { failWaiting, takeUntold, waitingRecipients, type RecipientRow } from '../store/recipients.ts'
import type { SubmissionRow } from '../store/submissions.ts'
import { withCleanLines } from './client/stuffing.ts'
import { readBlob } from './content.ts'
import type { ReportKind } from './report-words.ts'
import { composeReport, type ReportContext } from './report.ts'
import { giveUpMs, isLate, isOverdue, nextAttempt } from './schedule.ts'
import { submit } from './submit.ts'

export interface SettleTools {
  db: Database
  blobs: Pick<Blobs, 'get' | 'put'>
  hostName: string
  domain: string
  /** Of the lease. */
  owner: string
  now(): number
}

type Stored = SubmissionRow & { blob: string }

/** Gives whether a report is under way to the sender. */
export async function settle(lot: Lot, submission: Stored, tools: SettleTools): Promise<boolean> {
  return tools.db.transaction().execute(async (tx) => {
    const held = await lockLot(tx, tools.owner, lot)
    if (!held) return false
    const now = tools.now()
    const dueAt = submission.dueAt.getTime()
    if (isOverdue(dueAt, now))
      await failWaiting(tx, lot.submissionId, lot.domain, {
        status: '4.4.7',
        answer: 'It was tried for five days.',
      })
    const waiting = await waitingRecipients(tx, lot.submissionId, lot.domain)
    const untold = await takeUntold(tx, lot.submissionId, lot.domain)
    const delayed = !held.isDelayTold && isLate(dueAt, now) ? waiting : []
    const hasTold = await tell(tx, submission, [...untold, ...delayed], tools)
    const attempts = held.attempts + 1
    await settleLot(tx, lot, {
      nextAttemptAt: waiting.length > 0 ? new Date(nextAttempt(attempts, dueAt, now)) : undefined,
      lastAnswer: waiting[0]?.answer,
      isDelayTold: delayed.length > 0,
    })
    return hasTold
  })
}

async function tell(
  tx: Database,
  submission: Stored,
  recipients: readonly RecipientRow[],
  tools: SettleTools,
): Promise<boolean> {
  // RFC 5321 §4.5.5: nothing is ever sent about what has no sender.
  if (submission.sender === '') return false
  const kinds: ReportKind[] = ['failed', 'delayed', 'arrived']
  let hasTold = false
  for (const kind of kinds) {
    const concerned = recipients.filter((row) => kindOf(row) === kind && isWanted(row, kind))
    if (concerned.length === 0) continue
    await sendReport(tx, kind, submission, concerned, tools)
    hasTold = true
  }
  return hasTold
}

function kindOf({ state }: RecipientRow): ReportKind {
  if (state === 'failed') return 'failed'
  return state === 'delivered' || state === 'relayed' ? 'arrived' : 'delayed'
}

/** RFC 3461 §4.1; without a word of the sender, of failures and delays. */
function isWanted({ notify, state, passesReports }: RecipientRow, kind: ReportKind): boolean {
  const wanted = notify?.split(',')
  if (kind === 'failed') return wanted === undefined || wanted.includes('FAILURE')
  if (kind === 'delayed') return wanted === undefined || wanted.includes('DELAY')
  // RFC 3461 §5.2.2: who takes the wish along tells of success itself.
  return wanted !== undefined && wanted.includes('SUCCESS') && !(state === 'relayed' && passesReports)
}

async function sendReport(
  tx: Database,
  kind: ReportKind,
  submission: Stored,
  recipients: readonly RecipientRow[],
  { blobs, hostName, domain, now }: SettleTools,
): Promise<void> {
  const context: ReportContext = { hostName, domain, now: new Date(now()) }
  if (kind === 'delayed') context.giveUpAt = new Date(submission.dueAt.getTime() + giveUpMs)
  const original = () => withCleanLines(withPrefix(submission, blobs))
  const report = composeReport(kind, submission, recipients, original, context)
  const { id, sizeBytes } = await blobs.put(Readable.from(report))
  const dueAt = context.now
  await submit(tx, { blob: id, sizeBytes, sender: '', dueAt }, [
    { address: submission.sender, notify: 'NEVER' },
  ])
}

async function* withPrefix({ prefix, blob }: Stored, blobs: Pick<Blobs, 'get'>): AsyncGenerator<Buffer> {
  yield Buffer.from(prefix)
  yield* readBlob(blobs, blob)
}
