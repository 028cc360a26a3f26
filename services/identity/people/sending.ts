/** Codes and links on their way to people. */
import { randomInt } from 'node:crypto'
import type { Account } from '#contracts/identity/account.ts'
import { notifications } from '#contracts/notifications.ts'
import type { SubscriptionContext } from '#platform/service.ts'
import { pageUrl } from '#platform/public-url.ts'
import type { settings } from '#services/identity/settings.ts'
import { newToken } from '#services/identity/sign-in/tokens.ts'
import * as accounts from '#services/identity/store/accounts.ts'
import * as codes from '#services/identity/store/codes.ts'
import { showInstallation } from '#services/identity/store/installation.ts'

export const codeMinutes = 10
export const resetMinutes = 30
export const invitationDays = 7

type Context = SubscriptionContext<typeof settings>

/** The secret is made here, so that it lies in no event. Delivered again, another one is made and sent, and counts. */
export async function sendCode(context: Context, codeId: string): Promise<void> {
  const { token, hash: linkHash } = newToken()
  const digits = String(randomInt(1_000_000)).padStart(6, '0')
  const codeHash = context.secrets.digest(digits, codeId)
  const code = await codes.armCode(context.tx, codeId, { codeHash, linkHash })
  const account = code && (await accounts.findAccount(context.tx, code.accountId))
  if (!account) return
  const to = { accountId: account.id }
  const requestId = `${codeId}:${linkHash.toString('hex', 0, 8)}`
  const message = await messageOf[code.purpose](context, { account, digits, token, target: code.target })
  await send(context, { requestId, to, ...message })
}

interface Secrets {
  account: Account
  digits: string
  token: string
  target: string
}

const messageOf: Record<
  codes.Purpose,
  (context: Context, secrets: Secrets) => Promise<Omit<Message, 'requestId' | 'to'>>
> = {
  async email({ settings }, { digits, token }) {
    const variables = {
      code: digits,
      link: pageUrl(settings, '/verify-email', { token }),
      minutes: codeMinutes,
    }
    return { template: 'verify_email', channels: ['email'], variables }
  },
  async phone(_context, { digits }) {
    const variables = { code: digits, minutes: codeMinutes }
    return { template: 'verify_phone', channels: ['sms'], variables }
  },
  async reset({ settings }, { token, target }) {
    const variables = { link: pageUrl(settings, '/reset-password', { token }), minutes: resetMinutes }
    return { template: 'password_reset', channels: [channelOf(target)], variables }
  },
  async invitation({ settings, tx }, { token, target }) {
    const { name: installation } = await showInstallation(tx, settings.DOMAIN)
    const variables = {
      installation,
      link: pageUrl(settings, '/reset-password', { token, invited: '1' }),
      days: invitationDays,
    }
    return { template: 'invitation', channels: [channelOf(target)], variables }
  },
}

function channelOf(target: string): 'email' | 'sms' {
  return target.includes('@') ? 'email' : 'sms'
}

interface Message {
  requestId: string
  template: string
  to: { accountId: string }
  channels?: ('email' | 'sms' | 'push')[]
  variables: Record<string, string | number | boolean>
}

/** The same `requestId` again sends nothing. */
export async function send({ client }: Context, message: Message): Promise<void> {
  await client(notifications, { as: 'service' }).sendNotification(message)
}
