/** Counts how mail in the name of other domains did, for the reports that they ask for. */
import { createHash } from 'node:crypto'
import type { Database } from '#platform/database/database.ts'
import type { Logger } from '#platform/log.ts'
import { aggregateRow, publishedPolicy, type Seen } from '../authentication/reports/row.ts'
import type { Authentication } from '../authentication/verify.ts'
import { countSeen, type SeenRow } from '../store/sent-reports.ts'

export interface SeenMail extends AsyncDisposable {
  /** Costs no waiting: what is noted is written some time later. */
  noteAuthenticated(authentication: Authentication, seen: Seen, at?: Date): void
}

interface SeenOptions {
  everyMs?: number
}

/** More are not counted until these are written. */
const mostHeld = 10_000

export function openSeenMail(
  { db, log }: { db: Database; log: Logger },
  { everyMs = 30_000 }: SeenOptions = {},
): SeenMail {
  let held = new Map<string, SeenRow>()
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    const rows = [...held.values()]
    held = new Map()
    if (rows.length === 0) return
    await countSeen(db, rows).catch((error: unknown) =>
      log.warn({ err: error, rows: rows.length }, 'results for reports are lost'),
    )
  }
  const timer = setInterval(() => (writing = writing.then(write)), everyMs)
  timer.unref()

  return {
    noteAuthenticated(authentication, seen, at = new Date()) {
      const row = aggregateRow(authentication, seen)
      const policy = publishedPolicy(authentication.dmarc)
      const reportTo = authentication.dmarc.record?.reportTo ?? []
      if (!row || !policy || reportTo.length === 0) return
      const digest = createHash('sha256')
        .update(JSON.stringify([row, policy]))
        .digest('hex')
      const day = at.toISOString().slice(0, 10)
      const known = held.get(`${day} ${digest}`)
      if (known) known.messages++
      else if (held.size < mostHeld)
        held.set(`${day} ${digest}`, {
          day,
          domain: policy.domain,
          digest,
          seen: row,
          policy,
          reportTo,
          messages: 1,
        })
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await writing
      await write()
    },
  }
}

/** What was done about the policy of the author's domain. */
export function seenMail(
  { dmarc, arc }: Authentication,
  facts: { sourceAddress: string; sender: string; isRefused: boolean; isJunk: boolean },
): Seen {
  const { sourceAddress, sender, isRefused, isJunk } = facts
  const envelopeFrom = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
  const base = { sourceAddress, envelopeFrom }
  if (dmarc.result !== 'fail') return { ...base, disposition: 'none' }
  if (isRefused) return { ...base, disposition: 'reject' }
  const disposition = isJunk ? 'quarantine' : 'none'
  if (dmarc.policy === 'none' || dmarc.policy === disposition) return { ...base, disposition }
  const override =
    arc.result === 'pass'
      ? ({ type: 'trusted_forwarder', comment: 'arc=pass' } as const)
      : ({ type: 'local_policy', comment: '' } as const)
  return { ...base, disposition, override }
}
