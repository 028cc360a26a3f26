import type { Account } from '#contracts/identity/account.ts'
import type { Command } from '#services/identity/settings.ts'
import { revoke } from '#services/identity/sign-in/revocations.ts'

/** What gateways remember of the account, whether it is verified, may be another thing now. */
export async function forgetWhereTrustChanged(
  context: Command,
  before: Account,
  after: Account,
): Promise<void> {
  const isVerified = (account: Account) => account.isEmailVerified || account.isPhoneVerified
  if (isVerified(before) !== isVerified(after))
    await revoke(context, [{ accountId: after.id, sessionId: null }])
}
