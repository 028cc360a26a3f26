/** What people may ask for about what is known of them (GDPR Articles 15, 17 and 20). */
import { z } from 'zod'
import { Download } from '../blobs.ts'
import { auditedEvent } from '../audit.ts'
import { command, event, page, pageInput, query } from '../contract.ts'
import { Account, Password } from './account.ts'

export const Export = z.object({
  id: z.uuid(),
  state: z.enum(['gathering', 'ready']),
  /** Services whose part is not there yet. */
  waitingFor: z.array(z.string()),
  sizeBytes: z.int().nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
})

export const Erasure = z.object({
  id: z.uuid(),
  accountId: z.uuid(),
  waitingFor: z.array(z.string()),
  createdAt: z.iso.datetime(),
  completedAt: z.iso.datetime().nullable(),
})

export const privacyCalls = {
  requestExport: command(
    {
      summary: 'Gathers everything about the account that makes the call, from every service.',
      http: 'POST /api/me/exports 202',
      access: 'account',
      owned: 'self',
      input: z.object({}),
      output: Export,
    },
    'confirmationNeeded 403',
  ),
  listExports: query({
    summary: 'Newest first; each is kept for 7 days.',
    http: 'GET /api/me/exports',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({ items: z.array(Export) }),
  }),
  downloadExport: query({
    summary: 'One JSON file with a part for each service.',
    http: 'GET /api/me/exports/{id}/file',
    access: 'account',
    owned: 'id',
    input: z.object({ id: z.uuid() }),
    output: Download,
    download: true,
  }),
  addToExport: command({
    summary: "A service's part of an export.",
    access: 'service',
    input: z.object({ exportId: z.uuid(), service: z.string(), content: z.unknown() }),
    output: z.null(),
  }),
  eraseMe: command(
    {
      summary:
        'Erases the account that makes the call, in every service. It can not be undone; the userid is never given again.',
      http: 'POST /api/me/erasure 202',
      access: 'account',
      owned: 'self',
      input: z.object({ password: Password.optional() }),
      output: Erasure,
      idempotency: 'none',
      session: 'ends',
    },
    'wrongCredentials 403',
    'confirmationNeeded 403',
    'lastOwner',
  ),
  eraseAccount: command(
    {
      http: 'POST /api/accounts/{accountId}/erasure 202',
      access: 'admin',
      input: z.object({ accountId: z.uuid() }),
      output: Erasure,
    },
    'lastOwner',
  ),
  listErasures: query({
    summary: 'Newest first.',
    http: 'GET /api/erasures',
    access: 'admin',
    input: z.object({ ...pageInput }),
    output: page(Erasure),
  }),
  reportErased: command({
    summary: 'A service has erased its part.',
    access: 'service',
    input: z.object({ erasureId: z.uuid(), service: z.string() }),
    output: z.null(),
  }),
}

export const identityEvents = {
  profileCreated: event(Account),
  /** Of identity to itself: a code or link is to be made and sent. */
  codeDue: event(z.object({ codeId: z.uuid() })),
  /** Of identity to itself: it may be nobody's, and the answer must not tell. */
  passwordForgotten: event(z.object({ userid: z.string() })),
  /** Of identity to itself: somebody is to be told. */
  noticeDue: event(
    z.object({
      requestId: z.string(),
      accountId: z.uuid(),
      template: z.string(),
      variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  ),
  /** Of identity to itself: what an admin did goes into the audit log, which nobody waits for. */
  audited: auditedEvent,
  /** Of identity to itself: every part of an export is there. */
  exportGathered: event(z.object({ exportId: z.uuid() })),
  /** Services that hold personal data answer with `addToExport`. */
  exportRequested: event(z.object({ exportId: z.uuid(), accountId: z.uuid() })),
  /** Services that hold personal data erase it and answer with `reportErased`. */
  accountErased: event(z.object({ erasureId: z.uuid(), accountId: z.uuid() })),
}
