/** What admins see to: domains and their DNS, aliases and groups, the queue, reports of other servers. */
import { z } from 'zod'
import { command, page, pageInput, query } from '../contract.ts'
import { RecipientDelivery } from './writing.ts'

const DomainName = z.string().trim().toLowerCase().min(1).max(253)

export const MailDomain = z.object({
  name: z.string(),
  isPrimary: z.boolean(),
  /** The account that gets what is for no address. */
  catchAll: z.uuid().nullable(),
  addresses: z.int(),
})

const DnsRecord = z.object({
  purpose: z.enum([
    'host',
    'reverse',
    'mx',
    'spf',
    'hostSpf',
    'dkim',
    'dmarc',
    'reportConsent',
    'mtaStsHost',
    'mtaSts',
    'tlsReports',
    'submissions',
    'submission',
    'imaps',
    'imap',
    'autoconfig',
    'autodiscover',
  ]),
  name: z.string(),
  type: z.string(),
  value: z.string(),
  isRequired: z.boolean(),
  state: z.enum(['present', 'differs', 'missing', 'unknown']),
  /** What stands there now. */
  found: z.array(z.string()),
  /** What to do; `provider`: only whoever owns the address can set it. */
  advice: z.enum(['nothing', 'add', 'replace', 'keepOne', 'tryLater', 'provider']),
})

export const LocalAddress = z.object({
  address: z.string(),
  kind: z.enum(['account', 'alias', 'group']),
  name: z.string(),
  accountIds: z.array(z.uuid()),
  /** Addresses elsewhere that get it too. */
  forwardTo: z.array(z.string()),
})

const QueuedMessage = z.object({
  id: z.uuid(),
  /** Envelope sender; empty for what must not be answered. */
  sender: z.string(),
  domain: z.string(),
  sizeBytes: z.int(),
  attempts: z.int(),
  nextAttemptAt: z.iso.datetime(),
  lastAnswer: z.string().nullable(),
  isSuspended: z.boolean(),
  createdAt: z.iso.datetime(),
  recipients: z.array(RecipientDelivery),
})

export const administrationCalls = {
  listMailDomains: query({
    http: 'GET /api/mail/domains',
    access: 'admin',
    input: z.object({}),
    output: z.object({ items: z.array(MailDomain) }),
  }),
  addMailDomain: command(
    {
      summary: 'With DKIM keys of its own.',
      http: 'POST /api/mail/domains 201',
      access: 'admin',
      input: z.object({ name: DomainName }),
      output: MailDomain,
    },
    'badDomain 422',
    'domainTaken',
  ),
  changeMailDomain: command({
    http: 'PATCH /api/mail/domains/{name}',
    access: 'admin',
    input: z.object({ name: DomainName, catchAll: z.uuid().nullable() }),
    output: MailDomain,
  }),
  removeMailDomain: command(
    {
      summary: 'One that nobody has an address of.',
      http: 'DELETE /api/mail/domains/{name}',
      access: 'admin',
      input: z.object({ name: DomainName }),
      output: z.null(),
    },
    'domainInUse',
  ),
  checkMailDomain: query({
    summary: 'The DNS records to set, and what stands there now.',
    http: 'GET /api/mail/domains/{name}/records',
    access: 'admin',
    deadlineMs: 20_000,
    input: z.object({ name: DomainName }),
    output: z.object({ records: z.array(DnsRecord), checkedAt: z.iso.datetime() }),
  }),
  showMtaStsPolicy: query({
    summary: 'What a domain of ours says of TLS to servers that bring mail (RFC 8461).',
    access: 'public',
    input: z.object({ domain: DomainName }),
    output: z.object({ policy: z.string() }),
  }),
  listAddresses: query({
    http: 'GET /api/mail/addresses',
    access: 'admin',
    input: z.object({
      ...pageInput,
      kind: LocalAddress.shape.kind.optional(),
      text: z.string().trim().max(200).optional(),
    }),
    output: page(LocalAddress),
  }),
  saveAddress: command(
    {
      summary: 'Makes or changes an alias or a group.',
      http: 'PUT /api/mail/addresses/{address}',
      access: 'admin',
      input: z.object({
        address: z.string().trim().max(320),
        kind: z.enum(['alias', 'group']),
        name: z.string().trim().max(200).default(''),
        accountIds: z.array(z.uuid()).max(1000),
        forwardTo: z.array(z.string().trim().max(320)).max(100).default([]),
      }),
      output: LocalAddress,
    },
    'badAddress 422',
    'addressTaken',
  ),
  deleteAddress: command({
    http: 'DELETE /api/mail/addresses/{address}',
    access: 'admin',
    input: z.object({ address: z.string().trim().max(320) }),
    output: z.null(),
  }),
  listQueue: query({
    summary: 'What waits to leave, the next one first.',
    http: 'GET /api/mail/queue',
    access: 'admin',
    input: z.object({ ...pageInput, domain: DomainName.optional() }),
    output: page(QueuedMessage),
  }),
  changeQueue: command({
    summary: 'Of one message, a domain, or everything: hold it, let it go on, try it now, or give it up.',
    http: 'POST /api/mail/queue/changes',
    access: 'admin',
    input: z.object({
      id: z.uuid().optional(),
      domain: DomainName.optional(),
      action: z.enum(['suspend', 'resume', 'retry', 'cancel']),
    }),
    output: z.object({ messages: z.int() }),
  }),
  listMailReports: query({
    summary: 'What other servers report of mail in our name (DMARC, TLS-RPT), by day and source.',
    http: 'GET /api/mail/reports',
    access: 'admin',
    input: z.object({ domain: DomainName.optional(), days: z.int().min(1).max(365).default(30) }),
    output: z.object({
      dmarc: z.array(
        z.object({
          day: z.iso.date(),
          reporter: z.string(),
          sourceAddress: z.string(),
          messages: z.int(),
          disposition: z.string(),
          dkim: z.string(),
          spf: z.string(),
        }),
      ),
      tls: z.array(
        z.object({
          day: z.iso.date(),
          reporter: z.string(),
          policy: z.string(),
          successes: z.int(),
          failures: z.int(),
          failureTypes: z.array(z.string()),
        }),
      ),
    }),
  }),
}
