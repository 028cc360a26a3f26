/** A new password for somebody who forgot the old one, or who never had one. */
import { v7 } from 'uuid'
import type { Account } from '#contracts/identity/account.ts'
import type { SubscriptionContext } from '#platform/service.ts'
import { callerOf, type Calls, type Command, type settings } from '#services/identity/settings.ts'
import { checkNewPassword } from '#services/identity/sign-in/breached.ts'
import { hashPassword, isPassword } from '#services/identity/sign-in/passwords.ts'
import { endSessions } from '#services/identity/sign-in/sessions.ts'
import { hashOf } from '#services/identity/sign-in/tokens.ts'
import * as accounts from '#services/identity/store/accounts.ts'
import * as codes from '#services/identity/store/codes.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { readIdentifier } from './identifiers.ts'
import { invitationDays, resetMinutes, sendCode } from './sending.ts'

const resendSeconds = 60

export const passwordCalls: Pick<Calls, 'forgotPassword' | 'resetPassword' | 'changePassword'> = {
  forgotPassword: {
    /** What it does is the same for everybody; who is meant is looked up afterwards. */
    async opensTransaction({ userid }, context) {
      return context.transact(async ({ publish }) => {
        await publish('passwordForgotten', { userid })
        return null
      })
    },
  },
  resetPassword: {
    async opensTransaction({ token, password }, context) {
      const refuse = () => context.fail('linkExpired', 'The link was used, or its time is over.')
      const purposes = ['reset', 'invitation'] as const
      if (!(await codes.isLink(context.db, hashOf(token), purposes))) return refuse()
      await checkNewPassword(context, password)
      const hash = await hashPassword(password, context)
      return context.transact(async (context) => {
        const code = (await codes.useLink(context.tx, hashOf(token), purposes)) ?? refuse()
        await accounts.setPassword(context.tx, code.accountId, hash)
        await markReached(context, code)
        await tellPasswordChanged(context, code.accountId)
        await endSessions(context, code.accountId)
        return null
      })
    },
  },
  changePassword: {
    async opensTransaction({ password, newPassword }, context) {
      const { accountId, sessionId } = callerOf(context)
      const refuse = () => context.fail('wrongCredentials', 'The password is wrong.')
      const oldHash = await accounts.passwordOf(context.db, accountId)
      if (!(await isPassword(password, oldHash, context)) || !oldHash) return refuse()
      await checkNewPassword(context, newPassword, { field: 'newPassword' })
      const hash = await hashPassword(newPassword, context)
      return context.transact(async (context) => {
        if (!(await accounts.replacePassword(context.tx, accountId, oldHash, hash))) return refuse()
        await tellPasswordChanged(context, accountId)
        await endSessions(context, accountId, { except: sessionId })
        return null
      })
    },
  },
}

/** Sends a link to an address that the person has proved, or, where there is none, to the one that was named. */
export async function requestReset(
  context: SubscriptionContext<typeof settings>,
  given: string,
): Promise<void> {
  const { domains } = await showInstallation(context.tx, context.settings.DOMAIN)
  const identified = readIdentifier(given, domains)
  const { held, claimed } = identified
    ? await accounts.findIdentified(context.tx, identified)
    : { held: undefined, claimed: undefined }
  const account = held ?? claimed
  const target = account && !account.isDisabled && wayTo(account)
  if (!account || !target) return
  await accounts.lockAccount(context.tx, account.id)
  const age = await codes.codeAgeSeconds(context.tx, account.id, 'reset')
  if (age !== undefined && age < resendSeconds) return
  const id = v7()
  await codes.replaceCode(context.tx, { id, accountId: account.id, purpose: 'reset', target }, resetMinutes)
  await sendCode(context, id)
}

/** An invitation may go wherever the admin said. */
export async function invite(context: Command, account: Account): Promise<void> {
  const target = wayTo(account)
  if (!target) return
  const id = v7()
  const code = { id, accountId: account.id, purpose: 'invitation' as const, target }
  await codes.replaceCode(context.tx, code, invitationDays * 24 * 60)
  await context.publish('codeDue', { codeId: id })
}

function wayTo({ email, isEmailVerified, phone, isPhoneVerified }: Account): string | null {
  if (email && isEmailVerified) return email
  if (phone && isPhoneVerified) return phone
  return email ?? phone
}

/** Whoever used the link has read what was sent to that address. */
async function markReached(context: Command, { accountId, target }: { accountId: string; target: string }) {
  await accounts.markVerified(context.tx, accountId, target.includes('@') ? 'email' : 'phone', target)
}

async function tellPasswordChanged(context: Command, accountId: string): Promise<void> {
  const requestId = `password_changed:${v7()}`
  await context.publish('noticeDue', { requestId, accountId, template: 'password_changed', variables: {} })
}
