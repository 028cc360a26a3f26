import { walkTree } from '../dmarc-record.ts'
import type { Lookups } from '../resolver.ts'

/**
 * Of the addresses that a policy names for reports, those that take them (RFC 9990 §4): of the same organisation, or of
 * a domain that says so. Nobody can have reports sent to others.
 */
export async function willingAddresses(
  reportTo: readonly string[],
  policyDomain: string,
  resolver: Lookups,
): Promise<string[]> {
  const { organisation } = await walkTree(policyDomain, resolver)
  const isWilling = await Promise.all(
    reportTo.map(async (address) => {
      const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
      if (domain === policyDomain || (await walkTree(domain, resolver)).organisation === organisation)
        return true
      const consent = await resolver.txt(`${policyDomain}._report._dmarc.${domain}`)
      return consent.records.some((text) => /^\s*v\s*=\s*DMARC1\s*(?:;|$)/i.test(text))
    }),
  )
  return reportTo.filter((_, index) => isWilling[index])
}
