/** Writing and sending: drafts, attachments, times, and what became of what was sent. */
import { z } from 'zod'
import { BlobId, Upload } from '../blobs.ts'
import { command, page, pageInput, query } from '../contract.ts'

/** Attachments of one message, before they are encoded. */
export const mostAttachedBytes = 25 * 1024 * 1024
export const mostRecipients = 100

const Recipient = z.object({ name: z.string().max(200).default(''), address: z.string().trim().max(320) })

const DraftAttachment = z.object({
  blob: BlobId,
  fileName: z.string().min(1).max(255),
  mediaType: z.string().max(200),
  sizeBytes: z.int(),
  /** The text shows it by `cid:`. */
  contentId: z.string().max(200).optional(),
})

export const DraftContent = z.object({
  /** One of the addresses the person may send from; left out: the own one. */
  from: z.string().max(320).optional(),
  to: z.array(Recipient).max(mostRecipients).default([]),
  cc: z.array(Recipient).max(mostRecipients).default([]),
  bcc: z.array(Recipient).max(mostRecipients).default([]),
  subject: z.string().max(998).default(''),
  text: z.string().max(500_000).default(''),
  html: z.string().max(1_000_000).nullable().default(null),
  attachments: z.array(DraftAttachment).max(100).default([]),
  /** The message it answers or forwards. */
  answers: z.uuid().nullable().default(null),
  forwards: z.uuid().nullable().default(null),
})
export type DraftContent = z.output<typeof DraftContent>

export const Draft = z.object({
  id: z.uuid(),
  /** Counts up with each saving. */
  version: z.int(),
  content: DraftContent,
  threadId: z.uuid().nullable(),
  savedAt: z.iso.datetime(),
})
export type Draft = z.output<typeof Draft>

export const RecipientDelivery = z.object({
  address: z.string(),
  state: z.enum(['scheduled', 'queued', 'delivered', 'relayed', 'delayed', 'failed', 'cancelled']),
  attempts: z.int(),
  nextAttemptAt: z.iso.datetime().nullable(),
  /** The other server, and what it said last. */
  server: z.string().nullable(),
  answer: z.string().nullable(),
  /** `TLSv1.3`, null where it was not encrypted. */
  tls: z.string().nullable(),
  /** How the other side's certificate was proved: MTA-STS, or not at all. */
  tlsPolicy: z.string().nullable(),
  changedAt: z.iso.datetime(),
})

const sendingErrors = [
  'noRecipients 422',
  'badRecipient 422',
  'notYourAddress 403',
  'messageTooLarge 413',
  'quotaExceeded',
  'tooManyMessages 429',
] as const

export const writingCalls = {
  uploadAttachment: command({
    summary: 'The bytes of a file; a draft refers to them by `blob`.',
    http: 'POST /api/mail/attachments 201',
    access: 'account',
    owned: 'self',
    upload: { maxBytes: mostAttachedBytes },
    input: z.object({ upload: Upload }),
    output: z.object({ blob: BlobId, mediaType: z.string(), sizeBytes: z.int() }),
  }),
  listDrafts: query({
    summary: 'Last saved first.',
    http: 'GET /api/mail/drafts',
    access: 'account',
    owned: 'self',
    input: z.object({ ...pageInput }),
    output: page(Draft),
  }),
  showDraft: query({
    http: 'GET /api/mail/drafts/{draftId}',
    access: 'account',
    owned: 'draftId',
    input: z.object({ draftId: z.uuid() }),
    output: Draft,
  }),
  saveDraft: command(
    {
      summary: "Makes it, or saves it over the version stated. The id is the client's choice.",
      http: 'PUT /api/mail/drafts/{draftId}',
      access: 'account',
      owned: 'draftId',
      input: z.object({
        draftId: z.uuid(),
        /** The version that was read; 0 makes a new draft. */
        version: z.int().nonnegative(),
        content: DraftContent,
      }),
      output: Draft,
    },
    'draftChanged',
  ),
  deleteDraft: command({
    http: 'DELETE /api/mail/drafts/{draftId}',
    access: 'account',
    owned: 'draftId',
    input: z.object({ draftId: z.uuid() }),
    output: z.null(),
  }),
  sendDraft: command(
    {
      summary: 'Sends it after the time in which it can be taken back, or at the time stated.',
      http: 'POST /api/mail/drafts/{draftId}/sending 202',
      access: 'account',
      owned: 'draftId',
      input: z.object({
        draftId: z.uuid(),
        version: z.int(),
        sendAt: z.iso.datetime().optional(),
      }),
      output: z.object({ messageId: z.uuid(), threadId: z.uuid(), sendAt: z.iso.datetime() }),
      // Sent once: the draft is gone then.
      idempotency: 'none',
    },
    ...sendingErrors,
    'draftChanged',
  ),
  cancelSending: command(
    {
      summary: 'Takes back what has not left yet: it is a draft again.',
      http: 'POST /api/mail/messages/{messageId}/cancellation',
      access: 'account',
      owned: 'messageId',
      input: z.object({ messageId: z.uuid() }),
      output: Draft,
    },
    'alreadySent',
  ),
  sendMail: command(
    {
      summary: 'Sends at once, from an address of the caller. Services send from `noreply` of the domain.',
      http: ['POST /api/mail/messages 202', 'POST /send 202'],
      access: 'account',
      input: z.object({
        from: z.string().max(320).optional(),
        to: z.union([
          z
            .string()
            .max(320)
            .transform((address) => [{ name: '', address }]),
          z.array(Recipient).max(mostRecipients),
        ]),
        cc: z.array(Recipient).max(mostRecipients).default([]),
        bcc: z.array(Recipient).max(mostRecipients).default([]),
        subject: z.string().max(998).default(''),
        /** The text; `text` says the same. */
        message: z.string().max(500_000).optional(),
        text: z.string().max(500_000).optional(),
        html: z.string().max(1_000_000).optional(),
        attachments: z.array(DraftAttachment).max(100).default([]),
        /** Of system mail: `auto-generated`, so that nobody's vacation answers it. */
        isAutomatic: z.boolean().default(false),
      }),
      output: z.object({ messageId: z.uuid().nullable(), submissionId: z.uuid() }),
    },
    ...sendingErrors,
  ),
  showDelivery: query({
    summary: 'What became of a message for each of its recipients.',
    http: 'GET /api/mail/messages/{messageId}/delivery',
    access: 'account',
    owned: 'messageId',
    input: z.object({ messageId: z.uuid() }),
    output: z.object({ items: z.array(RecipientDelivery) }),
  }),
}
