import type { ArcOutcome } from './arc.ts'
import type { DkimOutcome } from './dkim.ts'
import type { DmarcOutcome } from './dmarc.ts'
import type { SpfOutcome } from './spf.ts'

export interface Found {
  spf: SpfOutcome
  dkim: DkimOutcome[]
  dmarc: DmarcOutcome
  arc: ArcOutcome
}

interface Connection {
  mailFrom: string
  client: { address: string; helo: string; hostName?: string | undefined }
}

/** RFC 8601: one method on a line. */
export function resultsField(authServId: string, found: Found, { mailFrom, client }: Connection): string {
  const lines = [
    ...(client.hostName === undefined
      ? []
      : [line('iprev', 'pass', undefined, { 'smtp.remote-ip': client.address })]),
    spfLine(found.spf, mailFrom),
    ...(found.dkim.length === 0 ? ['dkim=none'] : found.dkim.map(dkimLine)),
    ...(found.arc.result === 'none' ? [] : [arcLine(found.arc)]),
    dmarcLine(found.dmarc),
  ]
  return `Authentication-Results: ${propertyValue(authServId)};\r\n\t${lines.join(';\r\n\t')}\r\n`
}

function spfLine({ result, identity, domain, reason }: SpfOutcome, mailFrom: string): string {
  const isPlain = /^[\x21-\x7e]+@[\x21-\x7e]+$/.test(mailFrom)
  const property =
    identity === 'helo' ? { 'smtp.helo': domain } : { 'smtp.mailfrom': isPlain ? mailFrom : domain }
  return line('spf', result, reason, property)
}

function dkimLine({ result, reason, domain, selector, algorithm, mark }: DkimOutcome): string {
  return line('dkim', result, reason, {
    'header.d': domain,
    'header.s': selector,
    'header.a': algorithm,
    'header.b': mark ?? '',
  })
}

function arcLine({ result, reason, sealers }: ArcOutcome): string {
  const comment = reason ?? `i=${sealers.length} sealed by ${sealers.at(-1)?.domain ?? ''}`
  // RFC 8617 §10.2 has no word for a failure of DNS.
  return line('arc', result === 'temperror' ? 'fail' : result, comment, {})
}

function dmarcLine({ result, domain, policy, record, reason }: DmarcOutcome): string {
  const comment = record === undefined ? reason : `p=${record.p} sp=${record.sp ?? record.p}`
  return line('dmarc', result, comment, {
    'header.from': domain,
    'policy.dmarc': record === undefined ? '' : policy,
  })
}

function line(
  method: string,
  result: string,
  comment: string | undefined,
  properties: Record<string, string>,
): string {
  const words = Object.entries(properties).flatMap(([name, value]) =>
    value === '' ? [] : [`${name}=${propertyValue(value)}`],
  )
  const remark = comment === undefined ? [] : [`(${commentText(comment)})`]
  return [`${method}=${result}`, ...remark, ...words].join(' ')
}

/** A token, an address, or else quoted (RFC 8601 §2.2); at most 320 characters of ASCII. */
function propertyValue(value: string): string {
  const text = value.replace(/[^\x20-\x7e]/g, '?').slice(0, 320)
  return /^[\w!#$%&'*+\-.^`{|}~@]+$/.test(text) ? text : `"${text.replace(/["\\]/g, String.raw`\$&`)}"`
}

function commentText(text: string): string {
  return text
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 200)
    .replace(/[()\\]/g, String.raw`\$&`)
}
