/** What a row of an import says of a person. */
import { z } from 'zod'
import { AccountRole, Language, PersonName } from '#contracts/identity/account.ts'
import { readEmail, readPhone } from '#services/identity/people/identifiers.ts'
import { isReserved, readUserid, type Userid } from '#services/identity/people/userid.ts'
import { useridProblems } from '#services/identity/people/profiles.ts'
import { parseArgon2 } from '#services/identity/sign-in/argon2.ts'
import { isBcryptHash } from '#services/identity/sign-in/bcrypt.ts'
import type { Row } from './table.ts'

export interface Problem {
  line: number
  field: string
  message: string
}

export interface Person {
  line: number
  userid: Userid | undefined
  email: string | null
  phone: string | null
  name: string
  roles: AccountRole[]
  language: z.output<typeof Language>
  isActive: boolean
  /** Null: now. */
  createdAt: string | null
  password: { plain: string } | { hash: string } | undefined
}

/** The person, or everything that is wrong with the row. */
export function readPerson({ line, fields }: Row, domains: readonly string[]): Person | Problem[] {
  const problems: Problem[] = []
  const complain = (field: string, message: string): undefined => void problems.push({ line, field, message })
  const read = <T>(field: string, reader: (text: string) => T | undefined, otherwise: string) =>
    fields[field] === undefined ? undefined : (reader(fields[field]) ?? complain(field, otherwise))

  const addresses = readAddresses(fields, domains, complain)
  const name = fields.name ?? [fields.first_name, fields.last_name].filter(Boolean).join(' ')
  if (name === '') complain('name', 'is missing')
  else if (!PersonName.safeParse(name).success) complain('name', 'is too long')
  const person: Person = {
    line,
    ...addresses,
    phone: read('phone', readPhone, 'is no phone number') ?? null,
    name,
    roles: read('roles', readRoles, `is not among ${AccountRole.options.join(', ')}`) ?? ['customer'],
    language: read('language', readLanguage, `is not among ${Language.options.join(', ')}`) ?? 'en',
    isActive:
      read(fields.active === undefined ? 'user_active' : 'active', readFlag, 'is neither yes nor no') ?? true,
    createdAt: read('created_at', readTime, 'is no time in the past') ?? null,
    password: readPassword(fields, complain),
  }
  return problems.length > 0 ? problems : person
}

type Fields = Row['fields']
type Complain = (field: string, message: string) => undefined

/** An e-mail address on a domain of ours is a userid. */
function readAddresses(
  fields: Fields,
  domains: readonly string[],
  complain: Complain,
): Pick<Person, 'userid' | 'email'> {
  const email = fields.email === undefined ? null : readEmail(fields.email)
  const isOurs = email !== null && domains.includes(email.split('@')[1] ?? '')
  const given = fields.userid ?? (isOurs ? email : undefined)
  const userid = given === undefined ? undefined : readUserid(given, domains)
  const field = fields.userid === undefined ? 'email' : 'userid'
  if (userid && 'problem' in userid) complain(field, useridProblems[userid.problem])
  else if (userid && isReserved(userid, true)) complain(field, useridProblems.reserved)
  if (email !== null && !isOurs && !z.email().max(254).safeParse(email).success)
    complain('email', 'is no e-mail address')
  if (email === null && given === undefined) complain('email', 'is missing, and the userid too')
  return { userid: userid && 'problem' in userid ? undefined : userid, email: isOurs ? null : email }
}

function readRoles(text: string): AccountRole[] | undefined {
  const roles = z
    .array(AccountRole)
    .min(1)
    .safeParse(
      text
        .toLowerCase()
        .split(/[\s,;|]+/)
        .filter(Boolean),
    )
  return roles.success ? [...new Set(roles.data)] : undefined
}

function readLanguage(text: string): Person['language'] | undefined {
  return Language.safeParse(text.toLowerCase()).data
}

function readFlag(text: string): boolean | undefined {
  const word = text.toLowerCase()
  if (['1', 't', 'true', 'y', 'yes'].includes(word)) return true
  return ['0', 'f', 'false', 'n', 'no'].includes(word) ? false : undefined
}

/** Without a time zone it is in UTC. */
function readTime(text: string): string | undefined {
  const hasZone = /(z|[+-]\d\d(:?\d\d)?)$/i.test(text)
  const time = new Date(hasZone ? text : `${text.replace(' ', 'T')}Z`.replace(/^(\d{4}-\d\d-\d\d)Z$/, '$1'))
  return Number.isNaN(time.valueOf()) || time.valueOf() > Date.now() ? undefined : time.toISOString()
}

/** A hash may stand in either column, a password as it is typed in `password` alone. */
function readPassword(fields: Fields, complain: Complain): Person['password'] {
  const { password_hash: hash, password } = fields
  if (hash !== undefined) return isHash(hash) ? { hash } : complain('password_hash', noHash)
  if (password === undefined) return undefined
  if (isHash(password)) return { hash: password }
  if (/^\$\w+\$.{20}/.test(password)) return complain('password', noHash)
  if (password.length < 8 || password.length > 1024) return complain('password', 'has 8 to 1024 characters')
  return { plain: password }
}

const noHash = 'is no bcrypt or Argon2 hash of a cost that a sign-in may have'

function isHash(text: string): boolean {
  return isBcryptHash(text) || parseArgon2(text) !== undefined
}
