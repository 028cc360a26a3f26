/** What identity knows of an account, for its owner to read. */
import { sql } from 'kysely'
import type { Database } from '#platform/database/database.ts'

interface PersonalTable {
  /** What says whose a row is. */
  owner: string
  shown: readonly string[]
  /** Secrets, or what they are checked with: of no use to their owner, of much to a thief. */
  withheld: readonly string[]
}

/** Every table with rows of accounts, and every column of it. */
export const personalTables: Readonly<Record<string, PersonalTable>> = {
  accounts: {
    ...table(
      `id userid userid_skeleton name roles created_at email email_verified_at phone phone_verified_at language
      time_zone picture_id picture_type preferences disabled_at`,
    ),
    owner: 'id',
  },
  passwords: table('account_id changed_at', 'hash'),
  totp_secrets: table('account_id since', 'sealed_secret sealed_candidate last_step'),
  passkeys: table(
    'id account_id credential_id transports name is_synced counter created_at last_used_at',
    'public_key',
  ),
  recovery_codes: table('account_id', 'code_hash'),
  sessions: table(
    'id account_id client device address country created_at last_used_at authenticated_at expires_at',
    'token_hash',
  ),
  known_devices: table('account_id created_at last_used_at', 'token_hash'),
  sign_in_failures: table('account_id hour passwords factors'),
  tickets: table('account_id purpose attempts expires_at', 'token_hash challenge'),
  codes: table('id account_id purpose target attempts created_at expires_at', 'code_hash link_hash'),
  app_passwords: table('id account_id name created_at last_used_at', 'stored_key server_key'),
  keys: table('id account_id name prefix scopes created_at last_used_at expires_at', 'token_hash'),
  revocations: table('sequence account_id session_id created_at'),
  exports: table('id account_id size_bytes created_at expires_at', 'blob_id'),
  erasures: table('id account_id blob_ids created_at completed_at'),
}

/** Rows by the name of their table, as JSON has them. */
export async function readPersonal(db: Database, accountId: string): Promise<Record<string, object[]>> {
  const found: Record<string, object[]> = {}
  for (const [name, { owner, shown }] of Object.entries(personalTables)) {
    const columns = sql.join(shown.map((column) => sql.ref(column)))
    const { rows } = await sql<{ row: object }>`
      select to_jsonb(shown) as row
      from (select ${columns} from ${sql.table(name)} where ${sql.ref(owner)} = ${accountId}) as shown`.execute(
      db,
    )
    found[name] = rows.map(({ row }) => row)
  }
  return found
}

function table(shown: string, withheld = ''): PersonalTable {
  const names = (text: string) => text.split(/\s+/).filter(Boolean)
  return { owner: 'account_id', shown: names(shown), withheld: names(withheld) }
}
