/** Looks into the Postgres that the program runs, behind its back. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { openDatabase } from '#platform/database/pool.ts'

export interface KeptMessage {
  address: string
  messageId: string | null
  blob: string
}

/** Of all accounts. */
export async function keptMessages(directory: string): Promise<KeptMessage[]> {
  const password = readFileSync(join(directory, 'postgres/password'), 'utf8')
  const { port } = postmasterOf(directory)
  await using database = openDatabase({ url: `postgres://dakghar:${password}@127.0.0.1:${port}/postgres` })
  const { rows } = await sql<KeptMessage>`
    select a.address, message_id as "messageId", blob from messages m join accounts a on a.id = account_id`.execute(
    database.forService('mail'),
  )
  return rows
}

/** From the file that Postgres keeps of itself. */
export function postmasterOf(directory: string): { pid: number; port: number } {
  const lines = readFileSync(join(directory, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')
  return { pid: Number(lines[0]), port: Number(lines[3]) }
}
