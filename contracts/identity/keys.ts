/** Keys for programs: of accounts, with scopes, and of services. */
import { z } from 'zod'
import { command, query } from '../contract.ts'

/** `mail:read` allows the queries and streams of mail, `mail:write` its commands too; `*:read`, `*:write` those of every service. */
const Scope = z.string().regex(/^(\*|[a-z]+):(read|write)$/, 'is like mail:read')

const KeyName = z.string().trim().min(1).max(100)

export const ApiKey = z.object({
  id: z.uuid(),
  name: KeyName,
  /** The first characters, to tell keys apart. */
  prefix: z.string(),
  scopes: z.array(Scope),
  createdAt: z.iso.datetime(),
  /** To the hour. */
  lastUsedAt: z.iso.datetime().nullable(),
  expiresAt: z.iso.datetime().nullable(),
})

/** `key` is shown this once. */
const NewApiKey = ApiKey.extend({ key: z.string() })

const KeyWish = z.object({
  name: KeyName,
  scopes: z.array(Scope).min(1).max(20),
  expiresAt: z.iso.datetime().nullable().default(null),
})

export const keyCalls = {
  createApiKey: command(
    {
      summary: 'A key with which a program acts for the account that makes the call.',
      http: 'POST /api/me/keys 201',
      access: 'account',
      owned: 'self',
      input: KeyWish,
      output: NewApiKey,
      idempotency: 'none',
    },
    'confirmationNeeded 403',
    'unknownScope 422',
    'tooManyKeys',
  ),
  listApiKeys: query({
    summary: 'Newest first.',
    http: 'GET /api/me/keys',
    access: 'account',
    owned: 'self',
    input: z.object({}),
    output: z.object({ items: z.array(ApiKey) }),
  }),
  removeApiKey: command({
    http: 'DELETE /api/me/keys/{id} 204',
    access: 'account',
    owned: 'id',
    input: z.object({ id: z.uuid() }),
    output: z.null(),
  }),
  createServiceKey: command(
    {
      summary: "A credential for somebody's service or script, which acts under this name.",
      http: 'POST /api/service-keys 201',
      access: 'admin',
      input: KeyWish,
      output: NewApiKey,
      idempotency: 'none',
    },
    'confirmationNeeded 403',
    'unknownScope 422',
    'nameTaken',
  ),
  listServiceKeys: query({
    http: 'GET /api/service-keys',
    access: 'admin',
    input: z.object({}),
    output: z.object({ items: z.array(ApiKey) }),
  }),
  removeServiceKey: command({
    http: 'DELETE /api/service-keys/{id} 204',
    access: 'admin',
    input: z.object({ id: z.uuid() }),
    output: z.null(),
  }),
}
