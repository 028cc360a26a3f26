/** The passkeys of an account, and confirming by one, or by the password, who makes a call. */
import { v7 } from 'uuid'
import { callerOf, type Calls, type Command, type Query } from '#services/identity/settings.ts'
import { lockAccount, passwordOf } from '#services/identity/store/accounts.ts'
import { forgiveFactor } from '#services/identity/store/failures.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import * as passkeys from '#services/identity/store/passkeys.ts'
import { refreshAuthentication } from '#services/identity/store/sessions.ts'
import { insertTicket, tryTicket, useTicket } from '#services/identity/store/tickets.ts'
import { requireFresh } from './fresh.ts'
import { mayTryFactor } from './guard.ts'
import { isPassword } from './passwords.ts'
import { makeFirstRecoveryCodes } from './recovery-codes.ts'
import { checkPasskey, mostTicketTries, ticketMinutes } from './second-factor.ts'
import { forgetUnneededCodes, tellFactorChanged } from './security-calls.ts'
import { hashOf, newToken } from './tokens.ts'
import { checkCreation, creationOptions, requestOptions } from './webauthn.ts'

const mostPasskeys = 50

export const passkeyCalls: Pick<
  Calls,
  'startPasskey' | 'addPasskey' | 'renamePasskey' | 'removePasskey' | 'confirmIdentity'
> = {
  async startPasskey({ purpose }, context) {
    const { accountId } = callerOf(context)
    const { tx, settings } = context
    const isNew = purpose === 'add'
    if (isNew) await requireFresh(context)
    const account = (await lockAccount(tx, accountId)) ?? context.fail('notFound')
    const known = await passkeys.passkeysOf(tx, accountId)
    const { name: installation } = await showInstallation(tx, settings.DOMAIN)
    const { challenge, options } = isNew
      ? await creationOptions(settings, { installation, account, passkeys: known })
      : await requestOptions(settings, { passkeys: known, isAlone: true })
    const { token: ticket, hash: tokenHash } = newToken()
    const row = { tokenHash, purpose: isNew ? 'addPasskey' : 'confirm', accountId, challenge } as const
    await insertTicket(tx, row, ticketMinutes)
    return { ticket, options }
  },
  addPasskey: {
    async opensTransaction({ ticket, name, passkey: given }, context) {
      const { accountId } = callerOf(context)
      const expire = () => context.fail('ticketExpired', 'Begin again.')
      const refuse = () => context.fail('passkeyRefused', 'The passkey is not right, or is known already.')
      const tried = await tryTicket(context.db, hashOf(ticket), 'addPasskey', mostTicketTries)
      if (tried?.accountId !== accountId || tried.challenge === null) return expire()
      const made = (await checkCreation(context.settings, given, tried.challenge)) ?? refuse()
      return context.transact(async (context) => {
        if (!(await useTicket(context.tx, tried.tokenHash))) return expire()
        await lockAccount(context.tx, accountId)
        if ((await passkeys.passkeysOf(context.tx, accountId)).length >= mostPasskeys) return refuse()
        const row = { ...made, id: v7(), accountId, name }
        const passkey = (await passkeys.insertPasskey(context.tx, row)) ?? refuse()
        await tellFactorChanged(context, accountId, 'passkeyAdded')
        return { passkey, recoveryCodes: await makeFirstRecoveryCodes(context, accountId) }
      })
    },
  },
  async renamePasskey(change, context) {
    const { accountId } = callerOf(context)
    return (await passkeys.renamePasskey(context.tx, accountId, change)) ?? context.fail('notFound')
  },
  async removePasskey({ id }, context) {
    const { accountId } = callerOf(context)
    await requireFresh(context)
    await lockAccount(context.tx, accountId)
    if (!(await passkeys.deletePasskey(context.tx, accountId, id))) return context.fail('notFound')
    const isLast = (await passkeys.passkeysOf(context.tx, accountId)).length === 0
    if (isLast && (await passwordOf(context.tx, accountId)) === undefined)
      return context.fail('lastWayIn', 'Without it nobody could sign in any more. Set a password first.')
    await forgetUnneededCodes(context, accountId)
    await tellFactorChanged(context, accountId, 'passkeyRemoved')
    return null
  },
  confirmIdentity: {
    async opensTransaction({ password, ticket, passkey }, context) {
      const { accountId, sessionId: id } = callerOf(context)
      const use =
        password === undefined
          ? await passkeyUse(context, { ticket, passkey })
          : await passwordUse(context, password)
      return context.transact(async (context) => {
        const isRight = await use?.(context)
        if (!isRight) return context.fail('wrongCredentials', 'That is not right.')
        if (!(await refreshAuthentication(context.tx, { id, accountId })))
          return context.fail('forbidden', 'Only a session can be made fresh.')
        return null
      })
    },
  },
}

type Use = (context: Command) => Promise<boolean>

/** Whoever took over a session may not guess the password by it. */
async function passwordUse(context: Query, password: string): Promise<Use | undefined> {
  const { accountId } = callerOf(context)
  if (!(await mayTryFactor(context, accountId)))
    return context.fail('tooManyRequests', 'Too many attempts failed.', { retryAfterSeconds: 3600 })
  if (!(await isPassword(password, await passwordOf(context.db, accountId), context))) return undefined
  return async ({ tx }) => {
    await forgiveFactor(tx, accountId)
    return true
  }
}

async function passkeyUse(
  context: Query,
  { ticket, passkey }: { ticket?: string | undefined; passkey?: unknown },
): Promise<Use | undefined> {
  const { accountId } = callerOf(context)
  const tried = await tryTicket(context.db, hashOf(ticket ?? ''), 'confirm', mostTicketTries)
  if (tried?.accountId !== accountId) return undefined
  const use = await checkPasskey(context, passkey, { ...tried, isAlone: true })
  return use && (async (context) => (await useTicket(context.tx, tried.tokenHash)) && use(context))
}
