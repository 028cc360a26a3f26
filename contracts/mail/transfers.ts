/** Bringing mail in from elsewhere and taking it out. */
import { z } from 'zod'
import { Download, Upload } from '../blobs.ts'
import { command, query } from '../contract.ts'

export const Transfer = z.object({
  id: z.uuid(),
  kind: z.enum(['import', 'export']),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  fileName: z.string(),
  /** Of an import, how much of the file is read; of an export, of the messages. */
  done: z.int(),
  total: z.int(),
  messages: z.int(),
  /** Were there already. */
  duplicates: z.int(),
  /** Could not be read. */
  refused: z.int(),
  /** Why it failed: `quotaExceeded`, `damagedFile`, `tooLarge` (unpacked), `fileGone`, `noMailbox` or `internal`. */
  error: z.string().nullable(),
  createdAt: z.iso.datetime(),
})
export type Transfer = z.output<typeof Transfer>

export const transferCalls = {
  importMail: command(
    {
      summary:
        'An mbox, an .eml, or a Maildir or folder of .eml in a zip or tar. It goes on by itself, also after a restart; what is there already is left out.',
      http: 'POST /api/mail/imports 202',
      access: 'account',
      owned: 'self',
      upload: { maxBytes: 20 * 1024 ** 3 },
      input: z.object({
        upload: Upload,
        /** A label is called so where an mbox does not say in which mailbox its messages were. */
        fileName: z.string().trim().max(255).default(''),
      }),
      output: Transfer,
    },
    'unknownFormat 422',
  ),
  exportMail: command({
    summary: 'Everything as one mbox for each mailbox, in a tar.',
    http: 'POST /api/mail/exports 202',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: Transfer,
  }),
  listTransfers: query({
    summary: 'Newest first.',
    http: 'GET /api/mail/transfers',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({ items: z.array(Transfer) }),
  }),
  cancelTransfer: command({
    http: 'POST /api/mail/transfers/{transferId}/cancellation',
    access: 'account',
    owned: 'transferId',
    input: z.object({ transferId: z.uuid() }),
    output: z.null(),
  }),
  downloadExport: query({
    http: 'GET /api/mail/exports/{transferId}/file',
    access: 'account',
    owned: 'transferId',
    input: z.object({ transferId: z.uuid() }),
    output: Download,
    download: true,
  }),
}
