/** Who gets a notification, where, and whether at all. */
import { CallError } from '#contracts/errors.ts'
import { identity } from '#contracts/identity.ts'
import type { OutputOf } from '#contracts/client.ts'
import type { Preferences } from '#contracts/identity/profiles.ts'
import type { Language } from '../rendering/catalogue.ts'
import type { Context } from '../settings.ts'
import type { Claimed } from '../store/work.ts'

export interface Recipient {
  address: string
  language: Language
  timeZone: string
  quietHours: Preferences['quietHours']
}

/** Why nothing is to be sent. */
export interface NoRecipient {
  reason: string
}

/** Throws while identity does not answer. */
export async function recipientOf(claimed: Claimed, context: Context): Promise<Recipient | NoRecipient> {
  const { accountId, recipient, language } = claimed
  if (accountId === null)
    return recipient === null
      ? { reason: 'nobody to send it to' }
      : { address: recipient, language, timeZone: 'UTC', quietHours: null }
  const account = await findAccount(accountId, context)
  return account ? reach(claimed, account) : { reason: 'there is no such account' }
}

type Account = OutputOf<(typeof identity)['calls']['showRecipient']>

async function findAccount(accountId: string, context: Context): Promise<Account | undefined> {
  try {
    return await context.client(identity, { as: 'service' }).showRecipient({ accountId })
  } catch (error) {
    if (error instanceof CallError && error.code === 'notFound') return undefined
    throw error
  }
}

function reach(claimed: Claimed, account: Account): Recipient | NoRecipient {
  const { channel, topic, isSecret } = claimed
  const { language, timeZone, preferences } = account
  const isUrgent = isSecret || topic === 'security'
  const { address, isVerified, what } =
    channel === 'email'
      ? { address: account.email, isVerified: account.isEmailVerified, what: 'e-mail address' }
      : { address: account.phone, isVerified: account.isPhoneVerified, what: 'phone number' }
  if (address === null) return { reason: `the account has no ${what}` }
  if (isUrgent) return { address, language, timeZone, quietHours: null }
  if (!isVerified) return { reason: `the ${what} is not verified` }
  if (channel === 'email' && !wants(preferences, claimed)) return { reason: 'the person does not want it' }
  return { address, language, timeZone, quietHours: preferences.quietHours }
}

/** There is no preference for SMS: who sends one names the channel. */
function wants({ topics }: Preferences, { topic }: Claimed): boolean {
  return topics[topic].email
}
