/** Whoever has a userid has a mailbox: its address is the userid. */
import { identity } from '#contracts/identity.ts'
import type { Account } from '#contracts/identity/account.ts'
import { subscription } from '#platform/service.ts'
import { ensureDomain } from '../domains/ensure.ts'
import type { Context, settings } from '../settings.ts'
import { insertAccounts } from '../store/accounts.ts'

export const peopleSubscriptions = [
  subscription<typeof identity.events.profileCreated, typeof settings>({
    name: 'mail.openMailbox',
    event: identity.events.profileCreated,
    batch: 100,
    handle: async (deliveries, context) =>
      adopt(
        context,
        deliveries.map(({ payload }) => payload),
      ),
  }),
]

/** Those from before mail was installed, and new names of others. */
export async function adoptEverybody(context: Context): Promise<void> {
  const { client, settings } = context
  await ensureDomain(context, settings.DOMAIN)
  const { domains } = await client(identity).showInstallation({})
  for (const domain of domains) await ensureDomain(context, domain)
  let cursor: string | undefined
  do {
    const page = await client(identity).listAccounts({ limit: 100, ...(cursor !== undefined && { cursor }) })
    await adopt({ ...context, tx: context.db }, page.items)
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}

async function adopt(
  context: Pick<Context, 'db' | 'secrets' | 'settings'> & { tx: Context['db'] },
  accounts: readonly Account[],
): Promise<void> {
  const owners = accounts.flatMap(({ id, userid, name, language }) =>
    userid === null
      ? []
      : [{ id, address: userid, name, language, quotaBytes: context.settings.MAIL_QUOTA_MB * 1024 * 1024 }],
  )
  if (owners.length === 0) return
  for (const domain of new Set(owners.map(({ address }) => address.slice(address.indexOf('@') + 1))))
    await ensureDomain(context, domain)
  await insertAccounts(context.tx, owners)
}
