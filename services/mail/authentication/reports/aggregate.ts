/** DMARC aggregate reports: RFC 9990, and the older form of RFC 7489 appendix C. */

export interface AggregateReport {
  organisation: string
  email: string
  reportId: string
  begin: Date
  end: Date
  errors: string[]
  policy: PublishedPolicy
  rows: AggregateRow[]
  /** It has more rows than are read. */
  isCut: boolean
}

/** As it stands in the report; empty where it says nothing. */
export interface PublishedPolicy {
  domain: string
  p: string
  sp: string
  np: string
  adkim: string
  aspf: string
  fo: string
  isTesting: boolean
}

export interface AggregateRow {
  sourceAddress: string
  count: number
  /** What was done: `none`, `quarantine`, `reject`, or `pass` where the policy asked for nothing. */
  disposition: string
  /** Whether an aligned identifier passed: `pass` or `fail`. */
  dkim: string
  spf: string
  /** Why the policy was not followed. */
  overrides: { type: string; comment: string }[]
  headerFrom: string
  envelopeFrom: string
  envelopeTo: string
  signatures: { domain: string; selector: string; result: string }[]
  senders: { domain: string; scope: string; result: string }[]
}

export const maxRows = 20_000
