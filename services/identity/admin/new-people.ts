/** Accounts that admins make for others. */
import type { z } from 'zod'
import type { Account } from '#contracts/identity/account.ts'
import type { adminCalls } from '#contracts/identity/admin.ts'
import { invite } from '#services/identity/people/password-reset.ts'
import { readPhone } from '#services/identity/people/identifiers.ts'
import { insertPerson, refuseField, refuseUserid } from '#services/identity/people/profiles.ts'
import { isReserved, readUserid, type Userid } from '#services/identity/people/userid.ts'
import type { Command, Query } from '#services/identity/settings.ts'
import { endSetUp } from '#services/identity/store/installation.ts'

type NewAccount = z.output<typeof adminCalls.createAccount.input>

/** Undefined when the userid can't be had. The person gets a link to set a password. */
export async function makeAccount(
  context: Command,
  given: NewAccount,
  domains: readonly string[],
  path = '',
): Promise<Account | undefined> {
  const { email = null, name, language } = given
  const roles = [...new Set(given.roles)]
  if (email === null && given.phone === undefined)
    refuseField(context, `${path}email`, 'is needed, or a phone number, to send the invitation to')
  const phone = given.phone === undefined ? null : phoneOf(context, given.phone, `${path}phone`)
  const userid =
    given.userid === undefined ? undefined : mailboxOf(context, given.userid, domains, `${path}userid`)
  const account = await insertPerson(context, { userid, name, email, phone, roles, language })
  if (!account) return undefined
  if (roles.includes('owner')) await endSetUp(context.tx)
  await invite(context, account)
  return account
}

/** Admins may give what strangers can't take. */
export function mailboxOf(context: Query, given: string, domains: readonly string[], path: string): Userid {
  const userid = readUserid(given, domains)
  if ('problem' in userid) return refuseUserid(context, userid.problem, path)
  return isReserved(userid, true) ? refuseUserid(context, 'reserved', path) : userid
}

export function phoneOf(context: Query, given: string, path: string): string {
  return readPhone(given) ?? refuseField(context, path, 'is no phone number')
}
