/** Makes accounts of a table that came from elsewhere. A dry run does all of it, and takes it back. */
import type { z } from 'zod'
import { CallError } from '#contracts/errors.ts'
import type { ImportReport } from '#contracts/identity/admin.ts'
import { audit } from '#platform/audit.ts'
import { maySetRoles } from '#services/identity/admin/roles.ts'
import type { Calls, Query } from '#services/identity/settings.ts'
import { checkNewPassword } from '#services/identity/sign-in/breached.ts'
import { hashPassword } from '#services/identity/sign-in/passwords.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { importPeople, peopleToMake } from './people.ts'
import { readPerson, type Person, type Problem } from './person.ts'
import { readTable } from './table.ts'

const mostRows = 100_000
/** To hash one takes some 30 ms; more of them come as hashes. */
const mostPlainPasswords = 1_000
const mostProblems = 1_000

export const importCalls: Pick<Calls, 'importAccounts'> = {
  importAccounts: {
    async opensTransaction({ upload, isDryRun }, context) {
      const { domains } = await showInstallation(context.db, context.settings.DOMAIN)
      const { people, problems, rows } = await readPeople(context, upload.blob, domains)
      const hashes = isDryRun ? new Map<Person, string>() : await hashPlain(context, people)
      let report: z.output<typeof ImportReport> | undefined
      const imported = context.transact(async (context) => {
        const { created, skipped, refused } = await importPeople(context, people, hashes)
        const all = [...problems, ...refused].toSorted((a, b) => a.line - b.line)
        const failed = new Set(all.map(({ line }) => line)).size
        report = { isDryRun, rows, created, skipped, problems: all.slice(0, mostProblems), failed }
        if (isDryRun) throw new TakenBack()
        await audit(context, 'importAccounts', upload.blob, { rows, created, skipped, failed })
      })
      await imported.catch((error: unknown) => {
        if (!(error instanceof TakenBack)) throw error
      })
      return report!
    },
  },
}

class TakenBack extends Error {
  override name = 'TakenBack'
}

interface ReadPeople {
  people: Person[]
  problems: Problem[]
  rows: number
}

async function readPeople(context: Query, blob: string, domains: readonly string[]): Promise<ReadPeople> {
  const refuse = (message: string): never =>
    context.fail('invalid', 'The input is not valid.', { fields: [{ path: 'upload', message }] })
  const table = (await readTable(context.uploads, blob)) ?? refuse('is not there any more')
  const people: Person[] = []
  const problems: Problem[] = []
  let rows = 0
  let plainPasswords = 0
  for await (const row of table) {
    if (++rows > mostRows) refuse(`has more than ${mostRows} rows`)
    const person = 'message' in row ? [{ ...row, field: '' }] : readPerson(row, domains)
    const found = Array.isArray(person) ? person : await refusals(context, person)
    if (Array.isArray(person) || found.length > 0) problems.push(...found)
    else people.push(person)
    if (!Array.isArray(person) && isPlain(person) && ++plainPasswords > mostPlainPasswords)
      refuse(`has more than ${mostPlainPasswords} passwords that are not hashed`)
  }
  if (rows === 0) refuse('has no rows')
  return { people, problems, rows }
}

/** What is wrong with a row that can be read. */
async function refusals(context: Query, person: Person): Promise<Problem[]> {
  const { line, name, email, userid, roles } = person
  const problems: Problem[] = []
  if (!maySetRoles(context.identity, [], roles))
    problems.push({ line, field: 'roles', message: 'has some that only an owner gives' })
  if (isPlain(person))
    await checkNewPassword(context, person.password.plain, {
      personal: [name, email, userid?.userid],
    }).catch((error: unknown) => {
      if (!(error instanceof CallError)) throw error
      for (const { path: field, message } of error.fields ?? []) problems.push({ line, field, message })
    })
  return problems
}

function isPlain(person: Person): person is Person & { password: { plain: string } } {
  return person.password !== undefined && 'plain' in person.password
}

/** One at a time, so that people who sign in meanwhile find a thread. */
async function hashPlain(context: Query, people: readonly Person[]): Promise<Map<Person, string>> {
  const hashes = new Map<Person, string>()
  for (const person of await peopleToMake(context.db, people.filter(isPlain)))
    if (isPlain(person)) hashes.set(person, await hashPassword(person.password.plain, context))
  return hashes
}
