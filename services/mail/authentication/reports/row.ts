import type { DmarcOutcome } from '../dmarc.ts'
import type { Authentication } from '../verify.ts'
import type { AggregateRow, PublishedPolicy } from './aggregate.ts'

export interface Seen {
  sourceAddress: string
  /** The domain of the envelope's sender; empty for the null sender. */
  envelopeFrom: string
  /** What was done with it in the end. */
  disposition: 'none' | 'quarantine' | 'reject'
  /** Why that is less than the policy asked for. */
  override?: {
    type: 'local_policy' | 'mailing_list' | 'policy_test_mode' | 'trusted_forwarder' | 'other'
    comment: string
  }
}

/** One message as a row of a report; undefined where its author has no policy that could be reported on. */
export function aggregateRow({ spf, dkim, dmarc }: Authentication, seen: Seen): AggregateRow | undefined {
  if (dmarc.record === undefined || (dmarc.result !== 'pass' && dmarc.result !== 'fail')) return undefined
  return {
    sourceAddress: seen.sourceAddress,
    count: 1,
    disposition: dmarc.result === 'pass' && seen.disposition === 'none' ? 'pass' : seen.disposition,
    dkim: dmarc.dkimAligned ? 'pass' : 'fail',
    spf: dmarc.spfAligned ? 'pass' : 'fail',
    overrides: seen.override === undefined ? [] : [seen.override],
    headerFrom: dmarc.domain,
    envelopeFrom: seen.envelopeFrom,
    envelopeTo: '',
    signatures: dkim
      .filter(({ domain }) => domain !== '')
      .map(({ domain, selector, result }) => ({ domain, selector, result })),
    senders: [{ domain: spf.domain, scope: spf.identity === 'helo' ? 'helo' : 'mfrom', result: spf.result }],
  }
}

/** What the report says of the policy it is about. */
export function publishedPolicy({ record, policyDomain }: DmarcOutcome): PublishedPolicy | undefined {
  if (record === undefined || policyDomain === undefined) return undefined
  const { p, sp = '', np = '', adkim, aspf, fo, isTesting } = record
  return { domain: policyDomain, p, sp, np, adkim, aspf, fo, isTesting }
}
