/** Domains of ours, each with DKIM keys from its first moment. */
import type { Context } from '../settings.ts'
import { insertDomain, insertKeys, keysOf } from '../store/domains.ts'
import type { SigningKey } from '../authentication/sign.ts'
import { makeDomainKeys } from './keys.ts'

/** Gives whether it was not there before. */
export async function ensureDomain(
  context: Pick<Context, 'db' | 'secrets' | 'settings'>,
  name: string,
): Promise<boolean> {
  const { db, secrets, settings } = context
  if ((await keysOf(db, name)).length > 0) return false
  // Outside of the transaction: a key of 2,048 bits takes its time.
  const keys = await makeDomainKeys(new Date())
  const rows = keys.map(({ selector, algorithm, privateKey, publicRecord }) => ({
    domain: name,
    selector,
    algorithm,
    privateKey: secrets.seal(privateKey, aboutKey(name, selector)),
    publicRecord,
  }))
  return db.transaction().execute(async (tx) => {
    if (!(await insertDomain(tx, name, name === settings.DOMAIN))) return false
    await insertKeys(tx, rows)
    return true
  })
}

/** With which mail of a domain is signed; none where it is not ours. */
export async function signingKeys(
  { db, secrets }: Pick<Context, 'db' | 'secrets'>,
  domain: string,
): Promise<SigningKey[]> {
  const rows = await keysOf(db, domain)
  return rows.map(({ selector, algorithm, privateKey }) => ({
    domain,
    selector,
    algorithm,
    privateKey: secrets.open(privateKey, aboutKey(domain, selector)),
  }))
}

function aboutKey(domain: string, selector: string): string {
  return `dkim ${selector} ${domain}`
}
