/** The people of an import that are not there yet become accounts, some hundreds at a time. */
import { v7 } from 'uuid'
import type { Database } from '#platform/database/database.ts'
import type { Command } from '#services/identity/settings.ts'
import { endSetUp } from '#services/identity/store/installation.ts'
import {
  findTaken,
  insertImported,
  type Addresses,
  type ImportedRow,
} from '#services/identity/store/imports.ts'
import { useridProblems } from '#services/identity/people/profiles.ts'
import type { Person, Problem } from './person.ts'

const atOnce = 500

export interface Imported {
  created: number
  skipped: number
  refused: Problem[]
}

/** `hashes` are those of passwords that came as they are typed; without one nobody signs in by it. */
export async function importPeople(
  context: Pick<Command, 'tx' | 'publish' | 'signal'>,
  people: readonly Person[],
  hashes: ReadonlyMap<Person, string>,
): Promise<Imported> {
  const imported: Imported = { created: 0, skipped: 0, refused: [] }
  for (const batch of batches(people)) {
    context.signal.throwIfAborted()
    const { toMake, refused, skipped } = await sort(context.tx, batch)
    const rows = new Map(toMake.map((person) => [v7(), person]))
    const made = await insertImported(
      context.tx,
      Array.from(rows, ([id, person]) => rowOf(id, person, hashes.get(person))),
    )
    if (made.length > 0) await context.publish('profileCreated', made)
    if (made.some(({ roles }) => roles.includes('owner'))) await endSetUp(context.tx)
    for (const { id } of made) rows.delete(id)
    imported.created += made.length
    imported.skipped += skipped
    imported.refused.push(...refused, ...Array.from(rows.values(), takenUserid))
  }
  return imported
}

/** Those who would be made now. */
export async function peopleToMake(db: Database, people: readonly Person[]): Promise<Person[]> {
  const found: Person[] = []
  for (const batch of batches(people)) found.push(...(await sort(db, batch)).toMake)
  return found
}

/** Who is there already is skipped; who only has what is somebody else's is refused. */
async function sort(
  db: Database,
  people: readonly Person[],
): Promise<{ toMake: Person[]; refused: Problem[]; skipped: number }> {
  const taken: Record<keyof Addresses, Set<string>> = {
    userids: new Set(),
    skeletons: new Set(),
    emails: new Set(),
    phones: new Set(),
  }
  for (const { kind, value } of await findTaken(db, addressesOf(people))) taken[kind].add(value)
  const toMake: Person[] = []
  const refused: Problem[] = []
  let skipped = 0
  for (const person of people) {
    const { line, userid, email, phone } = person
    if ((userid && taken.userids.has(userid.userid)) || (email && taken.emails.has(email))) skipped++
    else if (userid && taken.skeletons.has(userid.skeleton)) refused.push(takenUserid(person))
    else if (phone && taken.phones.has(phone))
      refused.push({ line, field: 'phone', message: 'is the number of another account' })
    else {
      toMake.push(person)
      // A later row may be about the same person.
      if (userid) taken.userids.add(userid.userid)
      if (userid) taken.skeletons.add(userid.skeleton)
      if (email) taken.emails.add(email)
      if (phone) taken.phones.add(phone)
    }
  }
  return { toMake, refused, skipped }
}

function addressesOf(people: readonly Person[]): Addresses {
  const given = <T>(pick: (person: Person) => T | null | undefined) =>
    people.map(pick).filter((value) => value !== null && value !== undefined)
  return {
    userids: given(({ userid }) => userid?.userid),
    skeletons: given(({ userid }) => userid?.skeleton),
    emails: given(({ email }) => email),
    phones: given(({ phone }) => phone),
  }
}

function rowOf(id: string, person: Person, hash: string | undefined): ImportedRow {
  const { userid, name, email, phone, roles, language, isActive, createdAt, password } = person
  return {
    id,
    userid: userid?.userid ?? null,
    skeleton: userid?.skeleton ?? null,
    name,
    email,
    phone,
    roles,
    language,
    isDisabled: !isActive,
    createdAt,
    passwordHash: (password && 'hash' in password ? password.hash : hash) ?? null,
  }
}

function takenUserid({ line }: Person): Problem {
  return { line, field: 'userid', message: useridProblems.taken }
}

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += atOnce) yield all.slice(from, from + atOnce)
}
