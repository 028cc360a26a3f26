/** What the set-up wizard asks for, and as what it is sent. */
import type { InputOf } from '#contracts/client.ts'
import type { AccountRole, Language } from '#contracts/identity/account.ts'
import type { identity } from '#contracts/identity.ts'
import type { Words } from '#web/app/words.ts'

export interface FirstAccount {
  /** React keeps rows apart by it. */
  key: string
  name: string
  /** A mailbox on our domain, or an address elsewhere. */
  address: string
  role: AccountRole
}

// A type alias: forms take records.
export type Setup = {
  name: string
  domain: string
  owner: { name: string; userid: string; phone: string; password: string }
  accounts: FirstAccount[]
}

export const emptySetup: Setup = {
  name: '',
  domain: globalThis.location?.hostname ?? '',
  owner: { name: '', userid: '', phone: '', password: '' },
  accounts: [],
}

export function setupInput(
  { name, domain, owner, accounts }: Setup,
  token: string,
  language: Language,
): InputOf<typeof identity.calls.setUp> {
  const { phone, ...rest } = owner
  return {
    token,
    name,
    domain,
    owner: { ...rest, language, ...(phone.trim() !== '' && { phone }) },
    accounts: accounts
      .filter(({ name, address }) => name.trim() !== '' || address.trim() !== '')
      .map(({ name, address, role }) => ({ name, roles: [role], language, ...addressOf(address, domain) })),
  }
}

/** `mina` and `mina@ours.example` are mailboxes; `mina@elsewhere.example` is where somebody without one is reached. */
function addressOf(address: string, domain: string): { userid: string } | { email: string } {
  const text = address.trim()
  const host = text.split('@')[1]?.toLowerCase()
  return host === undefined || host === domain.trim().toLowerCase() ? { userid: text } : { email: text }
}

/** The step that a field is on. */
export function stepOf(path: string): number {
  if (path.startsWith('owner')) return 1
  return path.startsWith('accounts') ? 2 : 0
}

/** Texts of what is missing in a step, by field. */
export function wrongIn(
  step: number,
  { name, domain, owner, accounts }: Setup,
  t: Words['t'],
): Record<string, string> {
  const missing = (fields: Record<string, string>) =>
    Object.keys(fields)
      .filter((field) => fields[field]!.trim() === '')
      .map((field): [string, string] => [field, t('field.needed')])
  if (step === 0) return Object.fromEntries(missing({ name, domain }))
  if (step === 2)
    return Object.fromEntries(
      accounts.flatMap(({ name, address }, row) =>
        missing({ [`accounts.${row}.name`]: name, [`accounts.${row}.address`]: address }),
      ),
    )
  const empty = missing({ 'owner.name': owner.name, 'owner.userid': owner.userid })
  const password: [string, string][] =
    owner.password.length < 8 ? [['owner.password', t('field.passwordShort')]] : []
  return Object.fromEntries([...empty, ...password])
}
