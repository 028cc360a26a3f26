import type { Database } from '#platform/database/database.ts'
export async function preferencesOf(_db: Database, _accountId: string) {
  return { undoSeconds: 10 }
}
