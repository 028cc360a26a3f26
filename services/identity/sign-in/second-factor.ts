/** The second half of a sign-in, for accounts that ask for more than a password. */
import { z } from 'zod'
import type { SecondFactorNeeded } from '#contracts/identity/sign-in.ts'
import type { Calls, Command, Query } from '#services/identity/settings.ts'
import { forgiveFactor } from '#services/identity/store/failures.ts'
import { findPasskey, passkeysOf, usePasskey } from '#services/identity/store/passkeys.ts'
import { countRecoveryCodes, findTotp } from '#services/identity/store/second-factors.ts'
import { insertTicket, tryTicket, useTicket, type TicketRow } from '#services/identity/store/tickets.ts'
import { mayTryFactor, noteFailure } from './guard.ts'
import { checkRecoveryCode } from './recovery-codes.ts'
import { startSessionIfStill } from './sessions.ts'
import { hashOf, newToken } from './tokens.ts'
import { checkTotp } from './totp.ts'
import { checkRequest, credentialIdOf, passkeyMinutes, requestOptions } from './webauthn.ts'

export const ticketMinutes = passkeyMinutes
export const mostTicketTries = 5

/** For somebody whose password was right. */
export async function askForSecondFactor(
  context: Command,
  accountId: string,
): Promise<z.input<typeof SecondFactorNeeded>> {
  const { tx, settings } = context
  const passkeys = await passkeysOf(tx, accountId)
  const methods: z.input<typeof SecondFactorNeeded>['methods'] = []
  if ((await findTotp(tx, accountId))?.sealedSecret) methods.push('totp')
  if (passkeys.length > 0) methods.push('passkey')
  if ((await countRecoveryCodes(tx, accountId)) > 0) methods.push('recoveryCode')
  const asked = passkeys.length > 0 ? await requestOptions(settings, { passkeys, isAlone: false }) : null
  const { token: ticket, hash: tokenHash } = newToken()
  const row = { tokenHash, purpose: 'login', accountId, challenge: asked?.challenge ?? null } as const
  await insertTicket(tx, row, ticketMinutes)
  return { ticket, methods, passkeyOptions: asked && asked.options }
}

export const secondFactorCalls: Pick<Calls, 'finishLogin'> = {
  finishLogin: {
    async opensTransaction({ ticket, client, device, ...shown }, context) {
      const expire = () => context.fail('ticketExpired', 'Sign in again.')
      const refuse = () => context.fail('wrongCredentials', 'That is not right.')
      const tried = await tryTicket(context.db, hashOf(ticket), 'login', mostTicketTries)
      if (!tried?.accountId) return expire()
      const { accountId, tokenHash } = tried
      const use = await checkFactor(context, { ...tried, accountId }, shown)
      if (!use) {
        noteFailure(context, device, [])
        return refuse()
      }
      return context.transact(async (context) => {
        if (!(await useTicket(context.tx, tokenHash))) return expire()
        if (!(await use(context))) return refuse()
        return (await startSessionIfStill(context, accountId, { client, device })) ?? refuse()
      })
    },
  },
}

type Use = (context: Command) => Promise<boolean>

interface Shown {
  totp?: string | undefined
  recoveryCode?: string | undefined
  passkey?: unknown
}

/** The way to use up what was shown; undefined where it is wrong. Codes can be guessed, passkeys can not. */
async function checkFactor(
  context: Query,
  ticket: TicketRow & { accountId: string },
  { totp, recoveryCode, passkey }: Shown,
): Promise<Use | undefined> {
  const { accountId } = ticket
  if (passkey !== undefined) return checkPasskey(context, passkey, { ...ticket, isAlone: false })
  if (!(await mayTryFactor(context, accountId))) return undefined
  const use =
    totp === undefined
      ? await checkRecoveryCode(context, accountId, recoveryCode ?? '')
      : await checkTotp(context, accountId, totp)
  if (!use) return undefined
  return async (context) => {
    if (!(await use(context))) return false
    await forgiveFactor(context.tx, accountId)
    return true
  }
}

/** As `checkFactor`. Without an `accountId` the passkey says whose it is. */
export async function checkPasskey(
  { db, settings }: Pick<Query, 'db' | 'settings'>,
  given: unknown,
  ticket: Pick<TicketRow, 'accountId' | 'challenge'> & { isAlone: boolean },
): Promise<(Use & { accountId: string }) | undefined> {
  const { accountId, challenge, isAlone } = ticket
  const credentialId = credentialIdOf(given)
  const passkey = credentialId === undefined ? undefined : await findPasskey(db, credentialId)
  if (!passkey || challenge === null || (accountId ?? passkey.accountId) !== passkey.accountId)
    return undefined
  const used = await checkRequest(settings, given, { challenge, passkey, isAlone })
  if (!used) return undefined
  const use = ({ tx }: Command) => usePasskey(tx, passkey.id, used)
  return Object.assign(use, { accountId: passkey.accountId })
}
