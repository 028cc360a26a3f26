/** How accounts prove who they are: what people see and change of it. */
import { v7 } from 'uuid'
import { callerOf, type Calls, type Command } from '#services/identity/settings.ts'
import { findAccount, lockAccount } from '#services/identity/store/accounts.ts'
import { passwordChangedAt } from '#services/identity/store/credentials.ts'
import { showInstallation } from '#services/identity/store/installation.ts'
import { listPasskeys } from '#services/identity/store/passkeys.ts'
import {
  confirmTotpCandidate,
  countRecoveryCodes,
  deleteRecoveryCodes,
  deleteTotp,
  findTotp,
  setTotpCandidate,
} from '#services/identity/store/second-factors.ts'
import { freshUntil } from '#services/identity/store/sessions.ts'
import { freshMinutes, requireFresh } from './fresh.ts'
import { makeFirstRecoveryCodes, makeRecoveryCodes } from './recovery-codes.ts'
import { aboutTotp, newTotpSecret, stepOf } from './totp.ts'

export const securityCalls: Pick<
  Calls,
  'showSecurity' | 'startTotp' | 'confirmTotp' | 'removeTotp' | 'makeRecoveryCodes'
> = {
  async showSecurity(_input, context) {
    const { accountId, sessionId } = callerOf(context)
    const { db } = context
    return {
      passwordChangedAt: await passwordChangedAt(db, accountId),
      totpSince: (await findTotp(db, accountId))?.since ?? null,
      passkeys: await listPasskeys(db, accountId),
      recoveryCodesLeft: await countRecoveryCodes(db, accountId),
      freshUntil: (await freshUntil(db, sessionId, freshMinutes)) ?? null,
    }
  },
  async startTotp(_input, context) {
    const { accountId } = callerOf(context)
    await requireFresh(context)
    const account = (await findAccount(context.tx, accountId)) ?? context.fail('notFound')
    const { name: issuer } = await showInstallation(context.tx, context.settings.DOMAIN)
    const label = account.userid ?? account.email ?? account.phone ?? account.name
    const made = newTotpSecret(issuer, label)
    const sealed = context.secrets.seal(made.secret, aboutTotp(accountId))
    await setTotpCandidate(context.tx, accountId, sealed)
    return made
  },
  async confirmTotp({ code }, context) {
    const { accountId } = callerOf(context)
    await lockAccount(context.tx, accountId)
    const sealed = (await findTotp(context.tx, accountId))?.sealedCandidate
    const step = sealed && stepOf(context.secrets.open(sealed, aboutTotp(accountId)), code)
    if (!sealed || typeof step !== 'number') return context.fail('wrongCode', 'The code is wrong.')
    await confirmTotpCandidate(context.tx, accountId, sealed, step)
    await tellFactorChanged(context, accountId, 'totpOn')
    return { recoveryCodes: await makeFirstRecoveryCodes(context, accountId) }
  },
  async removeTotp(_input, context) {
    const { accountId } = callerOf(context)
    await requireFresh(context)
    await lockAccount(context.tx, accountId)
    if (!(await deleteTotp(context.tx, accountId))) return null
    await forgetUnneededCodes(context, accountId)
    await tellFactorChanged(context, accountId, 'totpOff')
    return null
  },
  async makeRecoveryCodes(_input, context) {
    const { accountId } = callerOf(context)
    await requireFresh(context)
    await lockAccount(context.tx, accountId)
    await tellFactorChanged(context, accountId, 'recoveryCodesMade')
    return { recoveryCodes: await makeRecoveryCodes(context, accountId) }
  },
}

export async function tellFactorChanged(
  context: Command,
  accountId: string,
  change: 'totpOn' | 'totpOff' | 'passkeyAdded' | 'passkeyRemoved' | 'recoveryCodesMade',
): Promise<void> {
  const requestId = `second_factor_changed:${v7()}`
  const variables = { change }
  await context.publish('noticeDue', { requestId, accountId, template: 'second_factor_changed', variables })
}

/** Once there is no second factor, nothing stands in for it. */
export async function forgetUnneededCodes({ tx }: Command, accountId: string): Promise<void> {
  const hasTotp = (await findTotp(tx, accountId))?.sealedSecret
  if (hasTotp || (await listPasskeys(tx, accountId)).length > 0) return
  await deleteRecoveryCodes(tx, accountId)
}
