/** Signing up, and what people change of themselves. */
import { v7 } from 'uuid'
import type { Account } from '#contracts/identity/account.ts'
import type { Preferences } from '#contracts/identity/profiles.ts'
import { Topic } from '#contracts/identity/profiles.ts'
import { callerOf, type Calls, type Command, type Query } from '#services/identity/settings.ts'
import { hashPassword } from '#services/identity/sign-in/passwords.ts'
import { checkNewPassword } from '#services/identity/sign-in/breached.ts'
import * as accounts from '#services/identity/store/accounts.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { readEmail, readPhone } from './identifiers.ts'
import { storePicture } from './pictures.ts'
import { forgetWhereTrustChanged } from './trust.ts'
import { isReserved, readUserid, type Userid, type UseridProblem } from './userid.ts'
import { requestCode, tellHolderOfAddress } from './verification.ts'

export const profileCalls: Pick<
  Calls,
  | 'createProfile'
  | 'checkUserid'
  | 'showMe'
  | 'changeProfile'
  | 'setPicture'
  | 'removePicture'
  | 'showPicture'
  | 'showPreferences'
  | 'changePreferences'
  | 'showRecipient'
> = {
  createProfile: {
    async opensTransaction(input, context) {
      const { signUp, domains } = await showInstallation(context.db, context.settings.DOMAIN)
      const needed = input.userid === undefined ? ['customers', 'mailboxes'] : ['mailboxes']
      if (!needed.includes(signUp))
        return context.fail('signUpClosed', 'The owner of this installation makes the accounts.')
      const userid = input.userid === undefined ? undefined : readUserid(input.userid, domains)
      if (userid && 'problem' in userid) return refuseUserid(context, userid.problem)
      if (userid && isReserved(userid, false)) return refuseUserid(context, 'reserved')
      const phone = phoneOf(context, input.phone) ?? null
      const personal = [input.name, userid?.userid, input.email]
      await checkNewPassword(context, input.password, { personal })
      const hash = await hashPassword(input.password, context)
      return context.transact(async (context) => {
        const person = { ...input, userid, phone, email: input.email ?? null, roles: ['customer' as const] }
        const account = await insertPerson(context, person)
        if (!account) return context.fail('useridTaken', `${userid?.userid} can't be had.`)
        await accounts.setPassword(context.tx, account.id, hash)
        for (const channel of ['phone', 'email'] as const) await requestCode(context, account, channel)
        return account
      })
    },
  },
  async checkUserid({ userid: given }, context) {
    const { domains } = await showInstallation(context.db, context.settings.DOMAIN)
    const userid = readUserid(given, domains)
    if ('problem' in userid) return { problem: userid.problem }
    if (isReserved(userid, false)) return { problem: 'reserved' }
    return { problem: (await accounts.isUseridTaken(context.db, userid.skeleton)) ? 'taken' : null }
  },
  async showMe(_input, context) {
    return (await accounts.findAccount(context.db, callerOf(context).accountId)) ?? context.fail('notFound')
  },
  async changeProfile(input, context) {
    const { accountId } = callerOf(context)
    const before = (await accounts.lockAccount(context.tx, accountId)) ?? context.fail('notFound')
    const email = typeof input.email === 'string' ? readEmail(input.email) : input.email
    const phone = phoneOf(context, input.phone)
    if (email === null && !before.userid) refuseField(context, 'email', 'is how the account is found')
    await claim(context, { id: accountId, email, phone })
    await accounts.updateProfile(context.tx, accountId, { ...input, email, phone })
    const account = (await accounts.findAccount(context.tx, accountId))!
    await forgetWhereTrustChanged(context, before, account)
    return account
  },
  async setPicture({ upload }, context) {
    const { accountId } = callerOf(context)
    await accounts.updatePicture(context.tx, accountId, await storePicture(context, upload))
    return (await accounts.findAccount(context.tx, accountId)) ?? context.fail('notFound')
  },
  async removePicture(_input, context) {
    const { accountId } = callerOf(context)
    await accounts.updatePicture(context.tx, accountId, null)
    return (await accounts.findAccount(context.tx, accountId)) ?? context.fail('notFound')
  },
  async showPicture({ accountId }, context) {
    const picture = (await accounts.findPicture(context.db, accountId)) ?? context.fail('notFound')
    const { sizeBytes } = (await context.blobs.info(picture.blob)) ?? context.fail('notFound')
    const fileName = `picture.${picture.mediaType.split('/')[1]}`
    return { blob: picture.blob, sizeBytes, mediaType: picture.mediaType, fileName }
  },
  async showPreferences(_input, context) {
    return preferencesOf(await accounts.findPreferences(context.db, callerOf(context).accountId))
  },
  async changePreferences(preferences, context) {
    const kept = preferencesOf(preferences)
    await accounts.updatePreferences(context.tx, callerOf(context).accountId, kept)
    return kept
  },
  async showRecipient({ accountId }, context) {
    const account = (await accounts.findAccount(context.db, accountId)) ?? context.fail('notFound')
    const preferences = preferencesOf(await accounts.findPreferences(context.db, accountId))
    const { id, userid, name, email, isEmailVerified, phone, isPhoneVerified, language, timeZone } = account
    return {
      id,
      userid,
      name,
      email,
      isEmailVerified,
      phone,
      isPhoneVerified,
      language,
      timeZone,
      preferences,
    }
  },
}

export interface NewPerson {
  userid: Userid | undefined
  name: string
  email: string | null
  phone: string | null
  roles: Account['roles']
  language: Account['language']
}

/** Undefined when the userid can't be had. */
export async function insertPerson(context: Command, person: NewPerson): Promise<Account | undefined> {
  const { userid, name, phone, roles, language } = person
  const email = person.email === null ? null : readEmail(person.email)
  const row = { id: v7(), name, email, phone, roles, language }
  await claim(context, row)
  const account = await accounts.insertAccount(context.tx, {
    ...row,
    userid: userid?.userid ?? null,
    skeleton: userid?.skeleton ?? null,
  })
  if (account) await context.publish('profileCreated', account)
  return account
}

/** Somebody who has verified an address keeps it, and hears that somebody else has named it. */
async function claim(
  context: Command,
  address: { id: string; email?: string | null | undefined; phone?: string | null | undefined },
): Promise<void> {
  await accounts.dropClaims(context.tx, address)
  if (address.email) await tellHolderOfAddress(context, { email: address.email }, address.id)
}

/** Security is not to be turned off; what somebody never chose is told by both ways. */
function preferencesOf(chosen: Partial<Preferences> | null): Preferences {
  const both = { email: true, push: true }
  const topics = Object.fromEntries(
    Topic.options.map((topic) => [topic, topic === 'security' ? both : (chosen?.topics?.[topic] ?? both)]),
  ) as Preferences['topics']
  return { topics, quietHours: chosen?.quietHours ?? null }
}

function phoneOf(context: Query, given: string | undefined): string | undefined
function phoneOf(context: Query, given: string | null | undefined): string | null | undefined
function phoneOf(context: Query, given: string | null | undefined): string | null | undefined {
  if (given === null || given === undefined) return given
  return readPhone(given) ?? refuseField(context, 'phone', 'is no phone number')
}

export function refuseUserid(context: Query, problem: UseridProblem, path = 'userid'): never {
  return refuseField(context, path, useridProblems[problem])
}

export const useridProblems: Record<UseridProblem, string> = {
  malformed: 'has 2 to 64 letters a–z, digits, dots, hyphens and underscores, a letter or digit at both ends',
  foreignDomain: 'is on no mail domain of this installation',
  reserved: 'is reserved',
  taken: 'is taken',
}

export function refuseField(context: Query, path: string, message: string): never {
  return context.fail('invalid', 'The input is not valid.', { fields: [{ path, message }] })
}
