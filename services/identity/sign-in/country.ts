/** Which country an address belongs to, by a table that is shipped with the program. */
import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Reader, Response } from 'mmdb-lib'

let table: Promise<Reader<Response>> | undefined

/** ISO 3166-1 alpha-2; null for what is no public address, or is in no country's register. */
export async function countryOf(address: string): Promise<string | null> {
  if (isIP(address) === 0) return null
  const found: unknown = (await (table ??= openTable())).get(address)
  const code = (found as { country_code?: unknown } | null)?.country_code
  return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : null
}

async function openTable(): Promise<Reader<Response>> {
  const { Reader } = await import('mmdb-lib')
  const url = import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb')
  return new Reader(await readFile(fileURLToPath(url)))
}
