import { z } from 'zod'
import { MailboxRole } from '#contracts/mail/mailboxes.ts'
import { categories } from '../../categories/category.ts'

/** What is known of a message beside its bytes: where it stands and how it is marked. */
export const Note = z.object({
  roles: z.array(MailboxRole).max(10),
  /** Labels by their path: `[['Work', 'Clients']]`. */
  labels: z.array(z.array(z.string().max(1_000)).max(100)).max(1_000),
  isSeen: z.boolean(),
  isAnswered: z.boolean().optional(),
  isFlagged: z.boolean().optional(),
  isForwarded: z.boolean().optional(),
  isDraft: z.boolean().optional(),
  keywords: z.array(z.string().max(200)).max(100).optional(),
  category: z.enum(categories).optional(),
  receivedAt: z.iso.datetime().optional(),
})
export type Note = z.output<typeof Note>

/** A line of the index that stands beside the mboxes of an export. */
export const IndexLine = Note.extend({
  /** The mbox, as the archive calls it. */
  file: z.string().min(1).max(2_000),
  /** Which message of it, from 1. */
  number: z.int().min(1).max(2_000_000_000),
})
export type IndexLine = z.output<typeof IndexLine>
