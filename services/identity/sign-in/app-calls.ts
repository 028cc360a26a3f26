/** What apps sign in with: an access token that is soon over, and a token to get the next one with. */
import type { Calls, Context } from '#services/identity/settings.ts'
import {
  deleteRetiredKeys,
  deleteUsedRefreshTokens,
  useRefreshToken,
} from '#services/identity/store/app-tokens.ts'
import { moveAppSession } from '#services/identity/store/sessions.ts'
import { publicKeys, retiredKeyMinutes } from './access-tokens.ts'
import { endSessions, newAppTokens } from './sessions.ts'
import { hashOf } from './tokens.ts'

/** For so long, a second use of a token ends its session. */
const usedTokenDays = 30

export const appCalls: Pick<Calls, 'refreshToken' | 'listSigningKeys'> = {
  refreshToken: {
    async opensTransaction({ refreshToken }, context) {
      const tokens = await context.transact(async (context) => {
        const taken = await useRefreshToken(context.tx, hashOf(refreshToken))
        if (!taken) return undefined
        if (taken.wasUsed) {
          // Two hold the same token, and one of them is a thief.
          await endSessions(context, taken.accountId, { only: taken.sessionId })
          return undefined
        }
        const { SESSION_IDLE_DAYS: idleDays } = context.settings
        const session = await moveAppSession(context.tx, taken.sessionId, idleDays)
        return session && newAppTokens(context, session)
      })
      return tokens ?? context.fail('refreshRefused', 'The token was used, or its session has ended.')
    },
  },
  async listSigningKeys(_input, { db }) {
    return { keys: await publicKeys(db) }
  },
}

export async function tidyAppTokens({ db }: Pick<Context, 'db'>): Promise<void> {
  await deleteUsedRefreshTokens(db, usedTokenDays)
  await deleteRetiredKeys(db, retiredKeyMinutes)
}
