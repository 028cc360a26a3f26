/** The installation itself, and how its first owner takes it. */
import type { z } from 'zod'
import type { adminCalls } from '#contracts/identity/admin.ts'
import { insertPerson, refuseField } from '#services/identity/people/profiles.ts'
import { requestCode } from '#services/identity/people/verification.ts'
import type { Calls, Command } from '#services/identity/settings.ts'
import { checkNewPassword } from '#services/identity/sign-in/breached.ts'
import { hashPassword } from '#services/identity/sign-in/passwords.ts'
import { startSession } from '#services/identity/sign-in/sessions.ts'
import { hashOf } from '#services/identity/sign-in/tokens.ts'
import { setPassword } from '#services/identity/store/accounts.ts'
import * as installation from '#services/identity/store/installation.ts'
import { audit } from '#platform/audit.ts'
import { mailboxOf, makeAccount, phoneOf } from './new-people.ts'

export const installationCalls: Pick<Calls, 'showInstallation' | 'changeInstallation' | 'setUp'> = {
  showInstallation: (_input, { db, settings }) => installation.showInstallation(db, settings.DOMAIN),
  async changeInstallation(change, context) {
    const domains = change.domains && [...new Set(change.domains)]
    const before = await installation.showInstallation(context.tx, context.settings.DOMAIN)
    for (const domain of before.domains)
      if (domains?.includes(domain) === false && (await installation.isDomainUsed(context.tx, domain)))
        refuseField(context, 'domains', `lacks ${domain}, on which there are mailboxes`)
    await installation.updateInstallation(context.tx, { ...change, domains })
    await audit(context, 'changeInstallation', before.name, { ...change })
    return installation.showInstallation(context.tx, context.settings.DOMAIN)
  },
  setUp: {
    async opensTransaction(input, context) {
      const refuse = () => context.fail('linkExpired', 'Start the program again: it prints another link.')
      const hash = hashOf(input.token)
      if (!(await installation.isSetUpToken(context.db, hash))) return refuse()
      const { owner } = input
      const userid = mailboxOf(context, owner.userid, [input.domain], 'owner.userid')
      const phone = owner.phone === undefined ? null : phoneOf(context, owner.phone, 'owner.phone')
      await checkNewPassword(context, owner.password, {
        field: 'owner.password',
        personal: [owner.name, userid.userid],
      })
      const passwordHash = await hashPassword(owner.password, context)
      return context.transact(async (context) => {
        // Of many at once one gets it.
        if (!(await installation.useSetUpToken(context.tx, hash, input))) return refuse()
        const person = { ...owner, userid, phone, email: null, roles: ['owner' as const] }
        const account = await insertPerson(context, person)
        if (!account) return refuseField(context, 'owner.userid', 'is taken')
        await setPassword(context.tx, account.id, passwordHash)
        await requestCode(context, account, 'phone')
        await makeFirstAccounts(context, input)
        await audit(context, 'setUp', account.id, { domain: input.domain })
        return startSession(context, account.id, { device: input.device })
      })
    },
  },
}

async function makeFirstAccounts(
  context: Command,
  { accounts, domain }: z.output<typeof adminCalls.setUp.input>,
): Promise<void> {
  for (const [place, given] of accounts.entries()) {
    const path = `accounts.${place}.`
    if (!(await makeAccount(context, given, [domain], path)))
      refuseField(context, `${path}userid`, 'is taken')
  }
}
