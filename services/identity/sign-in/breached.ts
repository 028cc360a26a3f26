/** Passwords that attackers try first: 49,000 from breaches, shipped with the program. */
import type { Query } from '#services/identity/settings.ts'

let breached: Promise<ReadonlySet<string>> | undefined

/** Fails with `invalid` for a password that is known from a breach, or that is somebody's own name or address. */
export async function checkNewPassword(
  context: Pick<Query, 'fail'>,
  password: string,
  {
    field = 'password',
    personal = [],
  }: { field?: string; personal?: readonly (string | null | undefined)[] } = {},
): Promise<void> {
  const refuse = (message: string): never =>
    context.fail('invalid', 'The input is not valid.', { fields: [{ path: field, message }] })
  const plain = password.toLowerCase()
  if (new Set(plain).size < 3) refuse('repeats the same characters')
  const own = personal.flatMap((text) =>
    text ? [text.toLowerCase(), text.toLowerCase().split('@')[0]!] : [],
  )
  if (own.some((text) => text.length > 3 && plain.replaceAll(/\d+$/g, '') === text.replaceAll(/\s/g, '')))
    refuse('is your own name or address')
  if ((await (breached ??= readBreached())).has(plain))
    refuse('is among the passwords that attackers try first')
}

async function readBreached(): Promise<ReadonlySet<string>> {
  const { dictionary } = await import('@zxcvbn-ts/language-common')
  return new Set(
    dictionary['passwords-common'].filter((password) => String(password).length >= 8).map(String),
  )
}
