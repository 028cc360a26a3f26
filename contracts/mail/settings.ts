/** How a person has the mail: preferences, filters, vacation, forwarding, contacts. */
import { z } from 'zod'
import { command, page, pageInput, query } from '../contract.ts'
import { Category, MailAddress } from './messages.ts'

const Signature = z.object({
  id: z.uuid(),
  name: z.string().trim().min(1).max(100),
  html: z.string().max(50_000),
})

/** RFC 3834: each sender is answered once in `everyDays` days; lists, machines and what is not addressed to the person, never. */
export const Vacation = z.object({
  isOn: z.boolean(),
  from: z.iso.datetime().nullable(),
  until: z.iso.datetime().nullable(),
  subject: z.string().max(500),
  text: z.string().max(20_000),
  onlyContacts: z.boolean(),
  everyDays: z.int().min(1).max(30),
})
export type Vacation = z.output<typeof Vacation>

export const MailPreferences = z.object({
  undoSeconds: z.int().min(0).max(120),
  /** Tabs of the inbox beside primary. */
  categories: z.array(Category.exclude(['primary'])),
  /** Remote images: asked for each message, or shown for people whose mail the person has read before. */
  images: z.enum(['ask', 'known']),
  signatures: z.array(Signature).max(20),
  /** For new messages and for answers; null: none. */
  newSignature: z.uuid().nullable(),
  replySignature: z.uuid().nullable(),
  vacation: Vacation,
  /** The next conversation or the list, after one is archived or deleted. */
  afterAction: z.enum(['list', 'next']),
  hasShortcuts: z.boolean(),
})
export type MailPreferences = z.output<typeof MailPreferences>

export const FilterActions = z.object({
  archive: z.boolean().default(false),
  markSeen: z.boolean().default(false),
  flag: z.boolean().default(false),
  labelIds: z.array(z.uuid()).max(20).default([]),
  category: Category.nullable().default(null),
  moveTo: z.enum(['trash', 'junk']).nullable().default(null),
  /** Never to junk, whatever the filter thinks. */
  neverSpam: z.boolean().default(false),
  /** A confirmed forwarding address. */
  forwardTo: z.string().max(320).nullable().default(null),
})
export type FilterActions = z.output<typeof FilterActions>

export const Filter = z.object({
  id: z.uuid(),
  /** What it takes, as for `searchMail`. */
  query: z.string().trim().min(1).max(1000),
  actions: FilterActions,
  isOn: z.boolean(),
})
export type Filter = z.output<typeof Filter>

export const Contact = z.object({
  address: z.string(),
  name: z.string(),
  received: z.int(),
  sent: z.int(),
  /** `allow`: never spam. `block`: always. */
  rule: z.enum(['allow', 'block']).nullable(),
  category: Category.nullable(),
  lastAt: z.iso.datetime(),
})

export type Contact = z.output<typeof Contact>

const MailDoor = z.object({ host: z.string(), port: z.int(), security: z.enum(['starttls', 'tls']) })
export type MailDoor = z.output<typeof MailDoor>

const self = { access: 'account', owned: 'self' } as const
const EmailAddress = z.string().trim().min(3).max(320)

export const settingCalls = {
  showMailPreferences: query({
    ...self,
    http: 'GET /api/mail/preferences',
    input: z.object({}),
    output: MailPreferences,
  }),
  changeMailPreferences: command({
    ...self,
    http: 'PATCH /api/mail/preferences',
    input: MailPreferences.partial(),
    output: MailPreferences,
  }),
  showMailSetup: query({
    ...self,
    summary: 'What a mail program is told to send through: either door, the address as user name.',
    http: 'GET /api/mail/setup',
    input: z.object({}),
    output: z.object({
      /** Null: the account has no mailbox here. */
      address: z.string().nullable(),
      submission: MailDoor,
      submissions: MailDoor,
    }),
  }),
  listIdentities: query({
    ...self,
    summary: 'The addresses the person may send from: the own one first.',
    http: 'GET /api/mail/identities',
    input: z.object({}),
    output: z.object({ items: z.array(MailAddress) }),
  }),
  listFilters: query({
    ...self,
    summary: 'In the order in which they are tried; all that fit act.',
    http: 'GET /api/mail/filters',
    input: z.object({}),
    output: z.object({ items: z.array(Filter) }),
  }),
  saveFilter: command(
    {
      access: 'account',
      owned: 'filterId',
      summary: "Makes it or changes it. The id is the client's choice.",
      http: 'PUT /api/mail/filters/{filterId}',
      input: z.object({
        filterId: z.uuid(),
        query: Filter.shape.query,
        actions: FilterActions,
        isOn: z.boolean().default(true),
      }),
      output: Filter,
    },
    'badSearch 422',
    'noSuchForwarding 422',
    'tooManyFilters',
  ),
  deleteFilter: command({
    access: 'account',
    owned: 'filterId',
    http: 'DELETE /api/mail/filters/{filterId}',
    input: z.object({ filterId: z.uuid() }),
    output: z.null(),
  }),
  tryFilter: query(
    {
      ...self,
      summary: 'What it would have taken of the mail that is there.',
      http: 'GET /api/mail/filters/trial',
      input: z.object({ query: Filter.shape.query }),
      output: z.object({
        messages: z.int(),
        /** The newest of them. */
        examples: z.array(
          z.object({
            threadId: z.uuid(),
            from: MailAddress,
            subject: z.string(),
            receivedAt: z.iso.datetime(),
          }),
        ),
      }),
    },
    'badSearch 422',
  ),
  applyFilter: command({
    access: 'account',
    owned: 'filterId',
    summary: 'To the mail that is there; nothing is forwarded. It can be undone as any change.',
    http: 'POST /api/mail/filters/{filterId}/application',
    input: z.object({ filterId: z.uuid() }),
    output: z.object({ messages: z.int(), undoId: z.uuid().nullable() }),
  }),
  listForwardings: query({
    ...self,
    http: 'GET /api/mail/forwardings',
    input: z.object({}),
    output: z.object({
      items: z.array(z.object({ address: z.string(), isConfirmed: z.boolean(), forwardsAll: z.boolean() })),
    }),
  }),
  addForwarding: command(
    {
      ...self,
      summary: 'Sends a code to the address, which its owner has to give back.',
      http: 'POST /api/mail/forwardings 202',
      input: z.object({ address: EmailAddress }),
      output: z.null(),
    },
    'badAddress 422',
    'tooManyForwardings',
  ),
  confirmForwarding: command(
    {
      ...self,
      http: 'POST /api/mail/forwardings/{address}/confirmation',
      input: z.object({ address: EmailAddress, code: z.string().trim().max(20) }),
      output: z.null(),
    },
    'wrongCode 422',
  ),
  changeForwarding: command({
    ...self,
    summary: 'Whether everything that is not spam goes there too.',
    http: 'PATCH /api/mail/forwardings/{address}',
    input: z.object({ address: EmailAddress, forwardsAll: z.boolean() }),
    output: z.null(),
  }),
  removeForwarding: command({
    ...self,
    http: 'DELETE /api/mail/forwardings/{address}',
    input: z.object({ address: EmailAddress }),
    output: z.null(),
  }),
  listContacts: query({
    ...self,
    summary: 'Whom the person wrote to or keeps, by name; `text` is a part of the name or address.',
    http: 'GET /api/mail/contacts',
    input: z.object({
      ...pageInput,
      text: z.string().trim().max(200).optional(),
      rule: z.enum(['allow', 'block']).optional(),
    }),
    output: page(Contact),
  }),
  completeAddress: query({
    ...self,
    summary:
      'People of this house and contacts whose name or address begins so; whom the person writes to most, first.',
    http: 'GET /api/mail/contacts/completions',
    input: z.object({ text: z.string().trim().min(1).max(200) }),
    output: z.object({ items: z.array(MailAddress) }),
  }),
  saveContact: command({
    ...self,
    http: 'PUT /api/mail/contacts/{address}',
    input: z.object({
      address: EmailAddress,
      name: z.string().trim().max(200).optional(),
      rule: z.enum(['allow', 'block']).nullable().optional(),
      category: Category.nullable().optional(),
    }),
    output: Contact,
  }),
  deleteContact: command({
    ...self,
    http: 'DELETE /api/mail/contacts/{address}',
    input: z.object({ address: EmailAddress }),
    output: z.null(),
  }),
}
