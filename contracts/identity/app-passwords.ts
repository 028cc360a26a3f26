/** Passwords for mail programs, which can't ask for a second factor: each for one program, made here and never chosen. */
import { z } from 'zod'
import { command, query } from '../contract.ts'

export const AppPassword = z.object({
  id: z.uuid(),
  name: z.string().trim().min(1).max(100),
  createdAt: z.iso.datetime(),
  /** To the hour. */
  lastUsedAt: z.iso.datetime().nullable(),
})

const Base64 = z.string()
const Holder = z.object({ accountId: z.uuid(), address: z.string() }).nullable()
/** RFC 4954 §4: what AUTH lets through, so that nonsense is wrong and not an error. */
const longestResponse = 12_288
const Userid = z.string().trim().toLowerCase().max(longestResponse)

export const appPasswordCalls = {
  createAppPassword: command(
    {
      summary: 'Sixteen letters, shown this once.',
      http: 'POST /api/me/app-passwords 201',
      access: 'account',
      owned: 'self',
      input: z.object({ name: AppPassword.shape.name }),
      output: AppPassword.extend({ password: z.string() }),
      idempotency: 'none',
    },
    'confirmationNeeded 403',
    'tooManyKeys',
    'noMailbox 422',
  ),
  listAppPasswords: query({
    summary: 'Newest first.',
    http: 'GET /api/me/app-passwords',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({ items: z.array(AppPassword) }),
  }),
  removeAppPassword: command({
    http: 'DELETE /api/me/app-passwords/{id} 204',
    access: 'account',
    owned: 'id',
    input: z.object({ id: z.uuid() }),
    output: z.null(),
  }),
  checkAppPassword: command({
    summary: 'Whose it is; null for a wrong one.',
    access: 'service',
    input: z.object({ userid: Userid, password: z.string().max(longestResponse) }),
    output: z.object({ account: Holder }),
  }),
  showScramCredentials: query({
    summary:
      'What SCRAM-SHA-256 checks proofs with (RFC 5802 §3). For nobody they are made up, always the same.',
    access: 'service',
    input: z.object({ userid: Userid }),
    output: z.object({
      salt: Base64,
      iterations: z.int(),
      keys: z.array(z.object({ id: z.uuid(), storedKey: Base64, serverKey: Base64 })),
    }),
  }),
  noteAppPasswordUse: command({
    summary: 'A proof was right for this key; null: for none.',
    access: 'service',
    input: z.object({ userid: Userid, id: z.uuid().nullable() }),
    output: z.object({ account: Holder }),
  }),
}
