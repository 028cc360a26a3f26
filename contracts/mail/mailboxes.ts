/** Mailboxes and labels, which are the same: a message is in many. */
import { z } from 'zod'
import { command, query } from '../contract.ts'

export const MailboxRole = z.enum(['inbox', 'all', 'sent', 'drafts', 'junk', 'trash', 'snoozed', 'scheduled'])
export type MailboxRole = z.output<typeof MailboxRole>

export const MailboxCounts = z.object({
  id: z.uuid(),
  messages: z.int(),
  unread: z.int(),
  threads: z.int(),
  unreadThreads: z.int(),
})

export type MailboxCounts = z.output<typeof MailboxCounts>

export const Mailbox = MailboxCounts.extend({
  /** Null: a label of the person's. */
  role: MailboxRole.nullable(),
  name: z.string(),
  parentId: z.uuid().nullable(),
  /** `#rrggbb` of a label. */
  color: z.string().nullable(),
})
export type Mailbox = z.output<typeof Mailbox>

const LabelName = z.string().trim().min(1).max(200)
const Color = z
  .string()
  .regex(/^#[0-9a-f]{6}$/)
  .nullable()

export const mailboxCalls = {
  listMailboxes: query({
    summary: 'Mailboxes with their counts, how full the account is, and where its changes stand.',
    http: 'GET /api/mail/mailboxes',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({
      /** What the person writes from. Null: the account has no mailbox here. */
      address: z.string().nullable(),
      items: z.array(Mailbox),
      /** Unread conversations of the inbox; at most 1000 are counted. */
      categories: z.array(z.object({ category: z.string(), unreadThreads: z.int() })),
      drafts: z.int(),
      storage: z.object({ usedBytes: z.int(), quotaBytes: z.int() }),
      /** To follow the stream `changes` from. */
      modseq: z.int(),
    }),
  }),
  createLabel: command(
    {
      http: 'POST /api/mail/labels 201',
      access: 'account',
      owned: 'self',
      input: z.object({
        name: LabelName,
        parentId: z.uuid().nullable().default(null),
        color: Color.default(null),
      }),
      output: Mailbox,
    },
    'labelTaken',
    'tooManyLabels',
  ),
  changeLabel: command(
    {
      http: 'PATCH /api/mail/labels/{labelId}',
      access: 'account',
      owned: 'labelId',
      input: z.object({
        labelId: z.uuid(),
        name: LabelName.optional(),
        parentId: z.uuid().nullable().optional(),
        color: Color.optional(),
      }),
      output: Mailbox,
    },
    'labelTaken',
  ),
  deleteLabel: command({
    summary: 'Its messages stay where else they are. Labels below it go too.',
    http: 'DELETE /api/mail/labels/{labelId}',
    access: 'account',
    owned: 'labelId',
    input: z.object({ labelId: z.uuid() }),
    output: z.null(),
  }),
}
