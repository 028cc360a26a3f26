/** Which servers take mail for a domain: RFC 5321 §5.1, null MX of RFC 7505. */
import { isIP } from 'node:net'
import type { Lookups } from '../authentication/resolver.ts'

export interface Host {
  /** As the MX record names it, in lower case; an address in brackets. */
  name: string
  addresses: string[]
}

export type Route =
  | { hosts: Host[] }
  /** `status` as in RFC 3463; a first digit of 4 can change. */
  | { status: string; reason: string }

export interface RoutingRules {
  resolver: Lookups
  /** How we call ourselves, in lower case: mail must not come back to us. */
  hostName: string
  isAllowed(address: string): boolean
  random?: () => number
}

/** As many as are looked at: a domain may name more. */
const mostHosts = 10
const mostAddresses = 4

/** Hosts in the order to try them. */
export async function routeTo(domain: string, rules: RoutingRules): Promise<Route> {
  if (domain.startsWith('[')) return literalRoute(domain, rules)
  const found = await rules.resolver.mx(domain)
  if (found.status === 'failed')
    return later(`The name servers of ${domain} do not answer (${found.reason}).`)
  if (found.status === 'missing') return never('5.1.2', `There is no domain ${domain}.`)
  if (found.status === 'empty') return hostsOf([{ preference: 0, exchange: domain }], domain, rules)
  // RFC 7505 §3: `.` alone; beside others it is no server.
  const named = found.records.filter(({ exchange }) => exchange !== '')
  if (named.length === 0) return never('5.1.10', `${domain} takes no mail.`)
  const own = named.find(({ exchange }) => exchange === rules.hostName)
  // RFC 5321 §5.1: of servers that are no better than ourselves, none is tried.
  const better = own ? named.filter(({ preference }) => preference < own.preference) : named
  if (better.length === 0)
    return never('5.4.6', `Mail for ${domain} is to come to this server, which does not know it.`)
  return hostsOf(better, domain, rules)
}

async function hostsOf(
  records: readonly { preference: number; exchange: string }[],
  domain: string,
  rules: RoutingRules,
): Promise<Route> {
  const random = rules.random ?? Math.random
  const ordered = records
    .map((record) => ({ ...record, lot: random() }))
    .toSorted((a, b) => a.preference - b.preference || a.lot - b.lot)
    .slice(0, mostHosts)
  const looked = await Promise.all(ordered.map(({ exchange }) => addressesOf(exchange, rules.resolver)))
  const all = ordered.map(({ exchange }, index) => ({ name: exchange, addresses: looked[index]!.addresses }))
  const hosts = all
    .map(({ name, addresses }) => ({
      name,
      addresses: addresses.filter((address) => rules.isAllowed(address)).slice(0, mostAddresses),
    }))
    .filter(({ addresses }) => addresses.length > 0)
  if (hosts.length > 0) return { hosts }
  if (looked.some(({ hasFailed }) => hasFailed))
    return later(`The mail servers of ${domain} have no address now.`)
  if (all.some(({ addresses }) => addresses.length > 0))
    return never('5.4.4', `The mail servers of ${domain} have private addresses only.`)
  return never('5.4.4', `The mail servers of ${domain} have no address.`)
}

/**
 * IPv4 first: large receivers refuse IPv6 of senders without reverse DNS and SPF for it, which small sites often lack.
 * An address where a name should be is taken as it is (RFC 5321 forbids it; many do it).
 */
async function addressesOf(
  name: string,
  resolver: Lookups,
): Promise<{ addresses: string[]; hasFailed: boolean }> {
  if (isIP(name)) return { addresses: [name], hasFailed: false }
  const [version4, version6] = await Promise.all([resolver.a(name), resolver.aaaa(name)])
  return {
    addresses: [...version4.records, ...version6.records],
    hasFailed: version4.status === 'failed' || version6.status === 'failed',
  }
}

function literalRoute(domain: string, { isAllowed }: RoutingRules): Route {
  const address = domain.slice(1, -1).replace(/^ipv6:/i, '')
  if (!isIP(address)) return never('5.1.2', `${domain} is no address.`)
  if (!isAllowed(address)) return never('5.4.4', `${domain} is a private address.`)
  return { hosts: [{ name: domain, addresses: [address] }] }
}

function later(reason: string): Route {
  return { status: '4.4.3', reason }
}

function never(status: string, reason: string): Route {
  return { status, reason }
}
