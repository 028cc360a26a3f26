/** Messages and conversations, as lists and pages show them, and what can be done with them. */
import { z } from 'zod'
import { Download } from '../blobs.ts'
import { command, page, pageInput, query, stream } from '../contract.ts'
import { MailboxCounts } from './mailboxes.ts'

export const MailAddress = z.object({ name: z.string(), address: z.string() })
export type MailAddress = z.output<typeof MailAddress>

export const Category = z.enum(['primary', 'social', 'promotions', 'updates', 'forums'])
export type Category = z.output<typeof Category>

/** Why a verdict was given: the web app has words for each code (`mail.reason.<code>`). */
export const Reason = z.object({
  code: z.string(),
  parameters: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  /** How much it said for the verdict, or against it where negative. */
  weight: z.number().optional(),
})
export type Reason = z.output<typeof Reason>

const MailAttachment = z.object({
  part: z.string(),
  fileName: z.string(),
  mediaType: z.string(),
  sizeBytes: z.int(),
  isInline: z.boolean(),
  contentId: z.string().optional(),
})

/** A conversation as a list shows it. */
export const ThreadRow = z.object({
  id: z.uuid(),
  subject: z.string(),
  snippet: z.string(),
  /** Of its latest message in the mailbox. */
  lastAt: z.iso.datetime(),
  /** In any mailbox but junk and trash, unless it is one of these that is listed. */
  messages: z.int(),
  unread: z.int(),
  isFlagged: z.boolean(),
  category: Category,
  /** Who wrote, oldest first, each once. */
  senders: z.array(MailAddress.extend({ isUnread: z.boolean(), isOwn: z.boolean() })),
  /** The first few of its attachments. */
  attachments: z.array(MailAttachment.pick({ fileName: true, mediaType: true })),
  mailboxIds: z.array(z.uuid()),
  hasDraft: z.boolean(),
  snoozedUntil: z.iso.datetime().nullable(),
  isMuted: z.boolean(),
})
export type ThreadRow = z.output<typeof ThreadRow>

const Outcome = z.enum(['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror', 'policy'])

/** What was found out about who sent it (RFC 8601). Null for mail of our own and for imported mail. */
export const Authentication = z.object({
  spf: z.object({ result: Outcome, domain: z.string() }),
  dkim: z.array(
    z.object({ result: Outcome, domain: z.string(), selector: z.string(), isAligned: z.boolean() }),
  ),
  dmarc: z.object({ result: Outcome, domain: z.string(), policy: z.string() }),
  arc: z.object({ result: Outcome, sealers: z.array(z.string()) }),
  /** The other server, as it connected. */
  client: z.object({ address: z.string(), name: z.string(), isEncrypted: z.boolean() }),
})
export type Authentication = z.output<typeof Authentication>

export const Message = z.object({
  id: z.uuid(),
  threadId: z.uuid(),
  from: z.array(MailAddress),
  sender: z.array(MailAddress),
  replyTo: z.array(MailAddress),
  to: z.array(MailAddress),
  cc: z.array(MailAddress),
  bcc: z.array(MailAddress),
  subject: z.string(),
  snippet: z.string(),
  messageId: z.string().nullable(),
  receivedAt: z.iso.datetime(),
  sentAt: z.iso.datetime().nullable(),
  sizeBytes: z.int(),
  attachments: z.array(MailAttachment),
  mailboxIds: z.array(z.uuid()),
  isSeen: z.boolean(),
  isAnswered: z.boolean(),
  isFlagged: z.boolean(),
  isForwarded: z.boolean(),
  /** The person wrote it. */
  isOwn: z.boolean(),
  category: Category,
  categoryReasons: z.array(Reason),
  spam: z.object({
    verdict: z.enum(['ham', 'unsure', 'spam', 'certainSpam']).nullable(),
    score: z.number().nullable(),
    reasons: z.array(Reason),
  }),
  authentication: Authentication.nullable(),
  /** How sending it goes; null for what others sent. */
  delivery: z.enum(['scheduled', 'sending', 'delayed', 'delivered', 'failed']).nullable(),
})
export type Message = z.output<typeof Message>

const MessageBody = z.object({
  /** Null: it has none that can be shown. */
  text: z.string().nullable(),
  /** As its sender wrote it: to be made safe before it is shown. */
  html: z.string().nullable(),
  /** Parts that the HTML shows by `cid:`. */
  inlineParts: z.array(z.object({ contentId: z.string(), part: z.string(), mediaType: z.string() })),
  /** It says more than is given here: the whole is in the original. */
  isCut: z.boolean(),
  /** How to leave the list it came by (RFC 2369, RFC 8058). */
  unsubscribe: z.enum(['oneClick', 'mail']).nullable(),
  /** A reply goes there (Mail-Followup-To, List-Post); empty: to the sender. */
  listPost: z.string().nullable(),
})

/** What to change: conversations, single messages, or all that a search finds. */
const Chosen = {
  threadIds: z.array(z.uuid()).max(500).default([]),
  messageIds: z.array(z.uuid()).max(500).default([]),
  /** As for `searchMail`. */
  query: z.string().max(1000).optional(),
}

export const messageCalls = {
  listThreads: query({
    summary: 'Conversations of a mailbox, the one with the latest message first.',
    http: 'GET /api/mail/threads',
    access: 'account',
    owned: 'mailboxId',
    input: z.object({ ...pageInput, mailboxId: z.uuid(), category: Category.optional() }),
    output: page(ThreadRow),
  }),
  searchMail: query(
    {
      summary:
        'Gmail\'s operators: from: to: cc: subject: has:attachment filename: larger: smaller: before: after: older_than: newer_than: label: category: in: is: "phrase" -not OR ( ).',
      http: 'GET /api/mail/search',
      access: 'account',
      owned: 'self',
      input: z.object({ ...pageInput, query: z.string().trim().max(1000) }),
      output: page(ThreadRow),
    },
    'badSearch 422',
  ),
  suggestSearches: query({
    summary: 'For what is typed so far: operators, people, labels and subjects.',
    http: 'GET /api/mail/search/suggestions',
    access: 'account',
    owned: 'self',
    input: z.object({ text: z.string().max(200) }),
    output: z.object({
      items: z.array(
        z.object({
          kind: z.enum(['operator', 'person', 'label', 'subject']),
          text: z.string(),
          query: z.string(),
        }),
      ),
    }),
  }),
  showThreads: query({
    summary: 'Some conversations as lists show them, for what the stream tells of.',
    http: 'GET /api/mail/threads/rows',
    access: 'account',
    owned: 'self',
    input: z.object({ threadIds: z.array(z.uuid()).min(1).max(100), mailboxId: z.uuid().optional() }),
    output: z.object({ items: z.array(ThreadRow) }),
  }),
  showThread: query({
    summary: 'A conversation with its messages, oldest first.',
    http: 'GET /api/mail/threads/{threadId}',
    access: 'account',
    owned: 'threadId',
    input: z.object({ threadId: z.uuid() }),
    output: z.object({ thread: ThreadRow, messages: z.array(Message), draftIds: z.array(z.uuid()) }),
  }),
  showMessageBody: query({
    http: 'GET /api/mail/messages/{messageId}/body',
    access: 'account',
    owned: 'messageId',
    input: z.object({ messageId: z.uuid() }),
    output: MessageBody,
    etag: true,
  }),
  downloadPart: query({
    summary: 'An attachment, decoded.',
    http: 'GET /api/mail/messages/{messageId}/parts/{part}',
    access: 'account',
    owned: 'messageId',
    input: z.object({ messageId: z.uuid(), part: z.string().regex(/^\d{1,4}(\.\d{1,4}){0,99}$/) }),
    output: Download,
    download: true,
  }),
  downloadMessage: query({
    summary: 'The message as it came, byte for byte, behind the header fields that were put before it here.',
    http: 'GET /api/mail/messages/{messageId}/original',
    access: 'account',
    owned: 'messageId',
    input: z.object({ messageId: z.uuid() }),
    output: Download,
    download: true,
  }),
  showOriginal: query({
    summary: 'The beginning of the message as it came, as text.',
    http: 'GET /api/mail/messages/{messageId}/source',
    access: 'account',
    owned: 'messageId',
    input: z.object({ messageId: z.uuid() }),
    output: z.object({ source: z.string(), isCut: z.boolean(), sizeBytes: z.int() }),
  }),
  changeMail: command(
    {
      summary:
        'Moves, labels, marks. To junk says it is spam, from there to the inbox that it is not; the filter learns either way.',
      http: 'POST /api/mail/changes',
      access: 'account',
      owned: 'self',
      input: z.object({
        ...Chosen,
        /** `archive` takes it out of the inbox. */
        moveTo: z.enum(['inbox', 'archive', 'junk', 'trash']).optional(),
        addLabels: z.array(z.uuid()).max(100).default([]),
        removeLabels: z.array(z.uuid()).max(100).default([]),
        isSeen: z.boolean().optional(),
        isFlagged: z.boolean().optional(),
        category: Category.optional(),
        /** Out of the inbox until then; null brings it back at once. */
        snoozeUntil: z.iso.datetime().nullable().optional(),
        /** New messages of a muted conversation stay out of the inbox. */
        isMuted: z.boolean().optional(),
      }),
      output: z.object({
        messages: z.int(),
        /** Null where nothing changed. */
        undoId: z.uuid().nullable(),
      }),
    },
    'badSearch 422',
  ),
  undoChange: command({
    summary:
      'Within an hour: everything is in the mailboxes and has the marks it had, and the filter forgets what it learned.',
    http: 'POST /api/mail/changes/{undoId}/undo',
    access: 'account',
    owned: 'undoId',
    input: z.object({ undoId: z.uuid() }),
    output: z.object({ messages: z.int() }),
  }),
  deleteMail: command({
    summary: 'For ever, what is in junk or trash: some of it, or all of one of them.',
    http: 'POST /api/mail/deletions',
    access: 'account',
    owned: 'self',
    input: z.object({
      threadIds: z.array(z.uuid()).max(500).default([]),
      messageIds: z.array(z.uuid()).max(500).default([]),
      all: z.enum(['junk', 'trash']).optional(),
    }),
    output: z.object({ messages: z.int() }),
  }),
  unsubscribe: command(
    {
      summary: 'Leaves the list a message came by, in one click (RFC 8058) or by mail.',
      http: 'POST /api/mail/messages/{messageId}/unsubscription 202',
      access: 'account',
      owned: 'messageId',
      input: z.object({ messageId: z.uuid() }),
      output: z.object({ by: z.enum(['oneClick', 'mail']) }),
    },
    'cannotUnsubscribe 422',
  ),
}

export const messageStreams = {
  changes: stream({
    summary:
      'What changed since a mod-sequence, and from then on: conversations that came, changed or went, and the counts of mailboxes.',
    http: 'GET /api/mail/live',
    access: 'account',
    input: z.object({ after: z.int().nonnegative().optional() }),
    output: z.object({
      modseq: z.int(),
      threadIds: z.array(z.uuid()),
      /** Of messages that came just now, for a notice. */
      arrived: z.array(
        z.object({ threadId: z.uuid(), from: MailAddress, subject: z.string(), snippet: z.string() }),
      ),
      mailboxes: z.array(MailboxCounts),
      /** More changed than is told: everything is to be read anew. */
      isGap: z.boolean(),
    }),
    sequence: ({ modseq }) => modseq,
  }),
}
