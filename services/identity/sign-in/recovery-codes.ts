/** Codes on paper that each stand in for the second factor once. */
import { randomBytes } from 'node:crypto'
import type { Command, Query } from '#services/identity/settings.ts'
import {
  countRecoveryCodes,
  hasRecoveryCode,
  replaceRecoveryCodes,
  useRecoveryCode,
} from '#services/identity/store/second-factors.ts'

const codesAtOnce = 10
/** Crockford's Base32: without letters that are read as digits, or make words. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Ten, like `k7md-9xqp`, of 40 random bits each. Those that were there count no more. */
export async function makeRecoveryCodes(context: Command, accountId: string): Promise<string[]> {
  const codes = Array.from({ length: codesAtOnce }, newCode)
  const hashes = codes.map((code) => digestOf(context, accountId, code))
  await replaceRecoveryCodes(context.tx, accountId, hashes)
  return codes
}

/** None when there are some. */
export async function makeFirstRecoveryCodes(context: Command, accountId: string): Promise<string[]> {
  return (await countRecoveryCodes(context.tx, accountId)) > 0 ? [] : makeRecoveryCodes(context, accountId)
}

/** The way to use it up; undefined for a wrong one. */
export async function checkRecoveryCode(
  context: Query,
  accountId: string,
  given: string,
): Promise<((context: Command) => Promise<boolean>) | undefined> {
  const hash = digestOf(context, accountId, given)
  if (!(await hasRecoveryCode(context.db, accountId, hash))) return undefined
  return ({ tx }) => useRecoveryCode(tx, accountId, hash)
}

function newCode(): string {
  const letters = [...randomBytes(8)].map((byte) => alphabet[byte & 31]).join('')
  return `${letters.slice(0, 4)}-${letters.slice(4)}`
}

/** As somebody may write it down: in capitals, without the hyphen, with letters for the digits they look like. */
function digestOf({ secrets }: Pick<Query, 'secrets'>, accountId: string, code: string): Buffer {
  const plain = code
    .toLowerCase()
    .replaceAll(/[^0-9a-z]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
  return secrets.digest(plain, `recovery code ${accountId}`)
}
