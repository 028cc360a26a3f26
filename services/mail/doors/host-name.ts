import type { Lookups } from '../authentication/resolver.ts'

const mostNames = 5

/** The name of an address that leads back to it (RFC 1912 §2.1), in lower case. */
export async function confirmedName(resolver: Lookups, address: string): Promise<string | undefined> {
  const names = await resolver.ptr(address)
  for (const name of names.records.slice(0, mostNames)) {
    const { records }: { records: string[] } = address.includes(':')
      ? await resolver.aaaa(name)
      : await resolver.a(name)
    if (records.includes(address)) return name
  }
  return undefined
}
