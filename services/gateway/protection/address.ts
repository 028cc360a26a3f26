/** Where a request comes from. */
import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface ClientAddress {
  /** `203.0.113.9`, `2001:db8::1`; an IPv4 address mapped into IPv6 is an IPv4 address. */
  readonly text: string
  /** Addresses of one group count as one caller: an IPv4 address, the /64 of an IPv6 one. */
  readonly group: string
  /** 128 bits; those of IPv4 are mapped as RFC 4291 §2.5.5.2 does it. */
  readonly bits: bigint
}

/** Addresses seen lately, by their text: a request does not parse the address of its connection again. */
const remembered = new Map<string, ClientAddress>()
const mostRemembered = 10_000

/** Undefined for what is no address. Takes the port along that some proxies write: `[2001:db8::1]:443`. */
export function parseAddress(text: string): ClientAddress | undefined {
  const known = remembered.get(text)
  if (known) return known
  const bare = withoutPort(text).replace(/%.*$/, '')
  if (isIP(bare) === 0) return undefined
  const address = newAddress(bare)
  if (remembered.size >= mostRemembered) remembered.clear()
  remembered.set(text, address)
  return address
}

/**
 * The sender as the farthest of `trustedProxies` proxies in front of this gateway saw it: each writes the address it
 * saw at the right end of X-Forwarded-For. What stands further left is hearsay. An entry that is no address ends the
 * way back.
 */
export function clientAddress(
  { socket, headers }: { socket: { remoteAddress?: string | undefined }; headers: IncomingHttpHeaders },
  trustedProxies: number,
): ClientAddress {
  let address = parseAddress(socket.remoteAddress ?? '') ?? unknown
  if (trustedProxies === 0) return address
  const forwarded = String(headers['x-forwarded-for'] ?? '')
  for (let hops = 0, end = forwarded.length; hops < trustedProxies && end > 0; hops++) {
    const comma = forwarded.lastIndexOf(',', end - 1)
    const farther = parseAddress(forwarded.slice(comma + 1, end).trim())
    if (!farther) break
    address = farther
    end = comma
  }
  return address
}

/** The bits and length of `203.0.113.0/24`, `2001:db8::/32` or one address. Throws for anything else. */
export function parseRange(text: string): { bits: bigint; length: number } {
  const family = text.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4
  const [address, length] = text.includes('/') ? family.parseCIDR(text) : [family.parse(text), undefined]
  const bits = bitsOf(address)
  if (length === undefined) return { bits, length: 128 }
  return { bits, length: address.kind() === 'ipv4' ? length + 96 : length }
}

function withoutPort(text: string): string {
  const [, ipv6, ipv4] = /^(?:\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text) ?? []
  return ipv6 ?? ipv4 ?? text
}

function newAddress(text: string): ClientAddress {
  const address = ipaddr.process(text)
  const bits = bitsOf(address)
  if (address.kind() === 'ipv4') return { text: address.toString(), group: address.toString(), bits }
  const network = ipaddr.fromByteArray([...address.toByteArray().slice(0, 8), ...Array<number>(8).fill(0)])
  return { text: address.toString(), group: `${network.toString()}/64`, bits }
}

function bitsOf(address: ReturnType<typeof ipaddr.parse>): bigint {
  const bits = BigInt(`0x${Buffer.from(address.toByteArray()).toString('hex')}`)
  return address.kind() === 'ipv4' ? 0xffff_0000_0000n | bits : bits
}

/** Of a connection that is already gone. */
const unknown = newAddress('0.0.0.0')
