/** There is an owner at any time. */
import type { Account } from '#contracts/identity/account.ts'
import type { Command } from '#services/identity/settings.ts'
import { lockAccount } from '#services/identity/store/accounts.ts'
import { lockOwners } from '#services/identity/store/admin.ts'

/** The account, which stays as it is until the transaction ends, and whether it is the only owner who can sign in. */
export async function lockWithOwners(
  context: Pick<Command, 'tx' | 'fail'>,
  accountId: string,
): Promise<{ account: Account; isLastOwner: boolean }> {
  // The owners first and in one order: of many who leave at once, each sees who has left before.
  const owners = await lockOwners(context.tx)
  const account = (await lockAccount(context.tx, accountId)) ?? context.fail('notFound')
  return { account, isLastOwner: owners.length === 1 && owners[0] === accountId }
}
