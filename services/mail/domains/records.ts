import { createHash } from 'node:crypto'
import { reverseName } from '../authentication/resolver.ts'

export interface DomainSetup {
  domain: string
  /** The name of our server: where mail for the domain goes, in SMTP greetings and certificates. */
  mailHost: string
  /** The public addresses of the server; none where they are not known. */
  addresses: readonly string[]
  keys: readonly { selector: string; publicRecord: string }[]
  /** Takes reports about the domain. */
  reportAddress: string
  policy?: 'none' | 'quarantine' | 'reject'
  mtaSts?: 'enforce' | 'testing'
  /** `include:` of the smart host that sends for us. */
  relaySpf?: string
}

export type RecordPurpose =
  | 'host'
  | 'reverse'
  | 'mx'
  | 'spf'
  | 'hostSpf'
  | 'dkim'
  | 'dmarc'
  | 'reportConsent'
  | 'mtaStsHost'
  | 'mtaSts'
  | 'tlsReports'
  | 'submissions'
  | 'submission'
  | 'imaps'
  | 'imap'
  | 'autoconfig'
  | 'autodiscover'

export interface DomainRecord {
  purpose: RecordPurpose
  name: string
  type: 'A' | 'AAAA' | 'MX' | 'TXT' | 'PTR' | 'SRV' | 'CNAME'
  /** As a zone file has it, TXT without quotes. */
  value: string
  /** Without it mail is lost or refused. */
  required: boolean
}

/** What to set for a domain of ours; those that mail cannot do without come first. */
export function recordsFor(setup: DomainSetup): DomainRecord[] {
  return [
    ...mailRecords(setup),
    ...senderRecords(setup),
    ...transportRecords(setup),
    ...programRecords(setup),
  ]
}

function mailRecords({ domain, mailHost, addresses }: DomainSetup): DomainRecord[] {
  return [
    record('mx', domain, 'MX', `10 ${mailHost}`, true),
    ...addresses.flatMap((address) => [
      record('host', mailHost, address.includes(':') ? 'AAAA' : 'A', address, true),
      record('reverse', reverseName(address), 'PTR', mailHost, true),
    ]),
  ]
}

function senderRecords(setup: DomainSetup): DomainRecord[] {
  const { domain, mailHost, keys, reportAddress, policy = 'quarantine', relaySpf } = setup
  const relay = relaySpf === undefined ? '' : ` include:${relaySpf}`
  const reportDomain = reportAddress.slice(reportAddress.lastIndexOf('@') + 1).toLowerCase()
  const isBelow = reportDomain === domain || reportDomain.endsWith(`.${domain}`)
  return [
    record('spf', domain, 'TXT', `v=spf1 mx a:${mailHost}${relay} -all`, true),
    ...keys.map(({ selector, publicRecord }) =>
      record('dkim', `${selector}._domainkey.${domain}`, 'TXT', publicRecord, true),
    ),
    record('dmarc', `_dmarc.${domain}`, 'TXT', `v=DMARC1; p=${policy}; rua=mailto:${reportAddress}`, true),
    // RFC 9990 §4: who takes reports about another's domain says that it wants them.
    ...(isBelow
      ? []
      : [record('reportConsent', `${domain}._report._dmarc.${reportDomain}`, 'TXT', 'v=DMARC1', false)]),
    // RFC 7208 §2.3: bounces have no sender but the name in HELO.
    ...(mailHost === domain ? [] : [record('hostSpf', mailHost, 'TXT', 'v=spf1 a -all', false)]),
  ]
}

function transportRecords(setup: DomainSetup): DomainRecord[] {
  const { domain, mailHost, reportAddress } = setup
  return [
    record('mtaStsHost', `mta-sts.${domain}`, 'CNAME', mailHost, false),
    record('mtaSts', `_mta-sts.${domain}`, 'TXT', `v=STSv1; id=${mtaStsPolicy(setup).id}`, false),
    record('tlsReports', `_smtp._tls.${domain}`, 'TXT', `v=TLSRPTv1; rua=mailto:${reportAddress}`, false),
  ]
}

/** What mail programs look for when a person gives them only an address: RFC 6186, RFC 8314. */
function programRecords({ domain, mailHost }: DomainSetup): DomainRecord[] {
  return [
    record('submissions', `_submissions._tcp.${domain}`, 'SRV', `0 1 465 ${mailHost}`, false),
    record('submission', `_submission._tcp.${domain}`, 'SRV', `5 1 587 ${mailHost}`, false),
    record('imaps', `_imaps._tcp.${domain}`, 'SRV', `0 1 993 ${mailHost}`, false),
    record('imap', `_imap._tcp.${domain}`, 'SRV', `5 1 143 ${mailHost}`, false),
    record('autoconfig', `autoconfig.${domain}`, 'CNAME', mailHost, false),
    record('autodiscover', `_autodiscover._tcp.${domain}`, 'SRV', `0 1 443 ${mailHost}`, false),
  ]
}

function record(
  purpose: RecordPurpose,
  name: string,
  type: DomainRecord['type'],
  value: string,
  required: boolean,
): DomainRecord {
  return { purpose, name, type, value, required }
}

export interface MtaStsPolicy {
  /** Served there over HTTPS with a certificate for that name. */
  url: string
  body: string
  /** Changes with the policy. */
  id: string
}

/** RFC 8461 §3.2; a policy in testing is kept for a day, an enforced one for a week. */
export function mtaStsPolicy({ domain, mailHost, mtaSts = 'testing' }: DomainSetup): MtaStsPolicy {
  const maxAgeSeconds = mtaSts === 'enforce' ? 604_800 : 86_400
  const lines = ['version: STSv1', `mode: ${mtaSts}`, `mx: ${mailHost}`, `max_age: ${maxAgeSeconds}`]
  const body = `${lines.join('\r\n')}\r\n`
  return {
    url: `https://mta-sts.${domain}/.well-known/mta-sts.txt`,
    body,
    id: createHash('sha256').update(body).digest('hex').slice(0, 20),
  }
}
