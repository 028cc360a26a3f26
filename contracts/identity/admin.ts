/** What admins see to: accounts of others, grants, imports, and the installation itself. */
import { z } from 'zod'
import { Upload } from '../blobs.ts'
import { command, page, pageInput, query } from '../contract.ts'
import { Account, AccountRole, Device, Language, NewPassword, PersonName, PhoneNumber } from './account.ts'
import { ApiKey } from './keys.ts'
import { ShownSession, SignedIn } from './sign-in.ts'

const AccountId = z.object({ accountId: z.uuid() })
const ShownElsewhere = ShownSession.omit({ isCurrent: true })

export const Installation = z.object({
  name: z.string(),
  /** Whose mailboxes are ours; the first is the main one. */
  domains: z.array(z.string()),
  /** Whether there is an owner. */
  isSetUp: z.boolean(),
  /** Who may sign up: anyone for a mailbox, customers without one, or nobody. */
  signUp: z.enum(['mailboxes', 'customers', 'nobody']),
})

const Domain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^(localhost|([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9])$/, 'is no domain')

const NewAccount = z.object({
  userid: z.string().max(320).optional(),
  email: z.email().max(254).optional(),
  name: PersonName,
  phone: PhoneNumber.optional(),
  roles: z.array(AccountRole).min(1).max(4).default(['customer']),
  language: Language.default('en'),
})

/** A grant: who may make a call, and of which rows. */
export const Grant = z.object({
  service: z.string(),
  call: z.string(),
  kind: z.enum(['query', 'command', 'stream']),
  access: z.enum(['public', 'account', 'staff', 'admin', 'service']),
  /** Who may make it; an empty list with `service` access. */
  roles: z.array(z.enum(['anonymous', ...AccountRole.options])),
  /** The input field that names something of one account: others get `notFound` or `forbidden`. `self`: what belongs to the caller alone. */
  owned: z.string().nullable(),
  http: z.array(z.string()),
})

export const ImportReport = z.object({
  isDryRun: z.boolean(),
  /** Of the file, without its head. */
  rows: z.int(),
  created: z.int(),
  /** Are there already. */
  skipped: z.int(),
  /** The first 1000, by line of the file. */
  problems: z.array(z.object({ line: z.int(), field: z.string(), message: z.string() })),
  failed: z.int(),
})

export const adminCalls = {
  showInstallation: query({
    summary: 'What a sign-in page has to know.',
    http: 'GET /api/installation',
    access: 'public',
    input: z.object({}),
    output: Installation,
  }),
  changeInstallation: command({
    http: 'PATCH /api/installation',
    access: 'admin',
    input: Installation.omit({ isSetUp: true })
      .extend({
        name: PersonName,
        domains: z.array(Domain).min(1).max(100),
      })
      .partial(),
    output: Installation,
  }),
  setUp: command(
    {
      summary: 'Makes the owner and the first accounts, once, with the token that the first start printed.',
      http: 'POST /api/setup 201',
      access: 'public',
      input: z.object({
        token: z.string().max(100),
        name: PersonName,
        domain: Domain,
        owner: z.object({
          userid: z.string().max(320),
          name: PersonName,
          password: NewPassword,
          phone: PhoneNumber.optional(),
          language: Language.default('en'),
        }),
        /** Each gets a link to set a password, by e-mail or SMS. */
        accounts: z.array(NewAccount).max(50).default([]),
        device: Device.optional(),
      }),
      output: SignedIn,
      limits: ['anonymous'],
      idempotency: 'none',
      session: 'starts',
    },
    'linkExpired 410',
  ),

  listAccounts: query({
    summary: 'Newest first.',
    http: 'GET /api/accounts',
    access: 'admin',
    input: z.object({
      ...pageInput,
      /** Part of userid, name, e-mail address or phone number. */
      search: z.string().trim().max(200).optional(),
      role: AccountRole.optional(),
      isDisabled: z.stringbool().optional(),
    }),
    output: page(Account),
  }),
  showAccount: query({
    http: 'GET /api/accounts/{accountId}',
    access: 'admin',
    input: AccountId,
    output: z.object({
      account: Account,
      sessions: z.array(ShownElsewhere),
      apiKeys: z.array(ApiKey),
      hasSecondFactor: z.boolean(),
    }),
  }),
  createAccount: command(
    {
      summary: 'The person gets a link to set a password, by e-mail or SMS; it is good for 7 days.',
      http: 'POST /api/accounts 201',
      access: 'admin',
      input: NewAccount,
      output: Account,
    },
    'useridTaken',
  ),
  setRoles: command(
    {
      summary: 'Sessions go on with the new roles. Only an owner makes or unmakes owners and admins.',
      http: 'PUT /api/accounts/{accountId}/roles',
      access: 'admin',
      input: AccountId.extend({ roles: z.array(AccountRole).min(1).max(4) }),
      output: Account,
    },
    'lastOwner',
  ),
  offboardAccount: command(
    {
      summary:
        'Ends every session, token, key and socket of the account at once; nobody can sign in to it any more.',
      http: 'POST /api/accounts/{accountId}/offboarding',
      access: 'admin',
      input: AccountId,
      output: z.object({ account: Account, endedSessions: z.int(), removedKeys: z.int() }),
    },
    'lastOwner',
  ),
  restoreAccount: command({
    summary: 'Its owner can sign in again.',
    http: 'POST /api/accounts/{accountId}/restoration',
    access: 'admin',
    input: AccountId,
    output: Account,
  }),
  endAccountSessions: command({
    summary: 'One session of an account, or all.',
    http: 'POST /api/accounts/{accountId}/sessions/end',
    access: 'admin',
    input: AccountId.extend({ id: z.uuid().optional() }),
    output: z.object({ ended: z.int() }),
  }),
  listAllSessions: query({
    summary: 'Sessions of all accounts, newest first.',
    http: 'GET /api/sessions',
    access: 'admin',
    input: z.object({ ...pageInput }),
    output: page(
      ShownElsewhere.extend({ account: Account.pick({ id: true, userid: true, name: true, email: true }) }),
    ),
  }),
  listGrants: query({
    summary: 'Who may make which call, from the contracts.',
    http: 'GET /api/grants',
    access: 'admin',
    input: z.object({}),
    output: z.object({ items: z.array(Grant) }),
  }),
  importAccounts: command({
    summary:
      'From CSV with a head: userid, email, name (or first_name, last_name), phone, roles, language, active, and password or a bcrypt or Argon2id hash in `password` or `password_hash`.',
    http: 'POST /api/accounts/import',
    access: 'admin',
    input: z.object({ upload: Upload, isDryRun: z.stringbool().default(false) }),
    output: ImportReport,
    // Made again it skips whom it has made.
    idempotency: 'none',
    upload: { maxBytes: 50 * 1024 * 1024 },
    deadlineMs: 120_000,
  }),
}
