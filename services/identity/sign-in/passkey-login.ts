/** Signing in with a passkey alone: the browser knows whose it is. */
import type { Calls } from '#services/identity/settings.ts'
import { insertTicket, tryTicket, useTicket } from '#services/identity/store/tickets.ts'
import { noteFailure } from './guard.ts'
import { checkPasskey, mostTicketTries, ticketMinutes } from './second-factor.ts'
import { startSessionIfStill } from './sessions.ts'
import { hashOf, newToken } from './tokens.ts'
import { requestOptions } from './webauthn.ts'

export const passkeyLoginCalls: Pick<Calls, 'startPasskeyLogin' | 'finishPasskeyLogin'> = {
  async startPasskeyLogin(_input, { tx, settings }) {
    const { challenge, options } = await requestOptions(settings, { isAlone: true })
    const { token: ticket, hash: tokenHash } = newToken()
    await insertTicket(tx, { tokenHash, purpose: 'passkeyLogin', accountId: null, challenge }, ticketMinutes)
    return { ticket, options }
  },
  finishPasskeyLogin: {
    async opensTransaction({ ticket, passkey, client, device }, context) {
      const expire = () => context.fail('ticketExpired', 'Ask for a passkey again.')
      const refuse = () => context.fail('wrongCredentials', 'Nobody is known by this passkey.')
      const tried = await tryTicket(context.db, hashOf(ticket), 'passkeyLogin', mostTicketTries)
      if (!tried) return expire()
      const use = await checkPasskey(context, passkey, { ...tried, isAlone: true })
      if (!use) {
        noteFailure(context, device, [])
        return refuse()
      }
      return context.transact(async (context) => {
        if (!(await useTicket(context.tx, tried.tokenHash))) return expire()
        if (!(await use(context))) return refuse()
        return (await startSessionIfStill(context, use.accountId, { client, device })) ?? refuse()
      })
    },
  },
}
