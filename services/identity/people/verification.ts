/** Proving that an address is one's own: by six digits, or by a link. */
import { timingSafeEqual } from 'node:crypto'
import { v7 } from 'uuid'
import type { Account } from '#contracts/identity/account.ts'
import { callerOf, type Calls, type Command, type Query } from '#services/identity/settings.ts'
import * as accounts from '#services/identity/store/accounts.ts'
import * as codes from '#services/identity/store/codes.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { hashOf } from '#services/identity/sign-in/tokens.ts'
import { readIdentifier, withLatinDigits } from './identifiers.ts'
import { codeMinutes } from './sending.ts'
import { forgetWhereTrustChanged } from './trust.ts'

const mostAttempts = 5
const resendSeconds = 60

type Channel = 'email' | 'phone'

export const verificationCalls: Pick<Calls, 'sendVerificationCode' | 'verifyPhoneNumber' | 'verifyEmail'> = {
  async sendVerificationCode({ channel }, context) {
    const { accountId } = callerOf(context)
    const account = (await accounts.lockAccount(context.tx, accountId)) ?? context.fail('notFound')
    if (isVerified(account, channel) || !account[channel])
      return context.fail('nothingToVerify', 'There is no address that is not verified yet.')
    const age = await codes.codeAgeSeconds(context.tx, accountId, channel)
    const retryAfterSeconds = Math.ceil(resendSeconds - (age ?? Infinity))
    if (retryAfterSeconds > 0)
      return context.fail('tooManyRequests', 'A code was sent a moment ago.', { retryAfterSeconds })
    await requestCode(context, account, channel)
    return null
  },
  verifyPhoneNumber: {
    async opensTransaction({ userid, otp }, context) {
      const code = (await matchingCode(context, 'phone', userid, otp)) ?? refuse(context)
      return context.transact((context) => verify(context, code))
    },
  },
  verifyEmail: {
    async opensTransaction({ userid, otp, token }, context) {
      if (token !== undefined)
        return context.transact(async (context) => {
          const code = await codes.useLink(context.tx, hashOf(token), ['email'])
          return code ? verified(context, code) : refuse(context)
        })
      const code = (await matchingCode(context, 'email', userid!, otp!)) ?? refuse(context)
      return context.transact((context) => verify(context, code))
    },
  },
}

/** Unless there is nothing to verify. Codes sent before count no more. */
export async function requestCode(context: Command, account: Account, channel: Channel): Promise<void> {
  const target = account[channel]
  if (!target || isVerified(account, channel)) return
  const id = v7()
  await codes.replaceCode(context.tx, { id, accountId: account.id, purpose: channel, target }, codeMinutes)
  await context.publish('codeDue', { codeId: id })
}

/** Whoever has verified the address hears that somebody else has named it as his own. */
export async function tellHolderOfAddress(
  context: Command,
  address: { email: string },
  claimant: string,
): Promise<void> {
  const { held } = await accounts.findIdentified(context.tx, address)
  if (!held || held.id === claimant) return
  await context.publish('noticeDue', {
    requestId: `account_exists:${claimant}`,
    accountId: held.id,
    template: 'account_exists',
    variables: {},
  })
}

function isVerified(account: Account, channel: Channel): boolean {
  return channel === 'email' ? account.isEmailVerified : account.isPhoneVerified
}

/** Each attempt counts, whatever becomes of the transaction. */
async function matchingCode(
  context: Query,
  channel: Channel,
  given: string,
  otp: string,
): Promise<codes.CodeRow | undefined> {
  const { domains } = await showInstallation(context.db, context.settings.DOMAIN)
  const identified = readIdentifier(given, domains)
  const found = identified ? Object.values(await accounts.findIdentified(context.db, identified)) : []
  const digits = withLatinDigits(otp).replaceAll(/\D/g, '')
  for (const account of found) {
    const code = account && (await codes.attemptCode(context.db, account.id, channel, mostAttempts))
    if (code && timingSafeEqual(context.secrets.digest(digits, code.id), code.codeHash!)) return code
  }
  return undefined
}

async function verify(context: Command, code: codes.CodeRow): Promise<null> {
  return (await codes.useCode(context.tx, code.id)) ? verified(context, code) : refuse(context)
}

async function verified(
  context: Command,
  { accountId, purpose, target }: Omit<codes.CodeRow, 'codeHash'>,
): Promise<null> {
  const before = (await accounts.lockAccount(context.tx, accountId)) ?? refuse(context)
  if (!(await accounts.markVerified(context.tx, accountId, purpose as Channel, target)))
    return refuse(context)
  const after = (await accounts.findAccount(context.tx, accountId))!
  await accounts.dropClaims(context.tx, { id: accountId, [purpose]: target })
  await forgetWhereTrustChanged(context, before, after)
  return null
}

function refuse(context: Pick<Query, 'fail'>): never {
  return (context as Query & { fail(code: 'wrongCode', detail: string): never }).fail(
    'wrongCode',
    'The code is wrong, used, or its time is over.',
  )
}
