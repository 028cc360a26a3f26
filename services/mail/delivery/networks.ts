import ipaddr from 'ipaddr.js'

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** Whether mail may be carried to an address: everywhere in public, and in the private networks that are named. */
export function networkRule(allowed: string | undefined): (address: string) => boolean {
  const networks = (allowed ?? '')
    .split(',')
    .flatMap((text) => (text.trim() === '' ? [] : [readNetwork(text.trim())]))
  return (address) => {
    if (!ipaddr.isValid(address)) return false
    const parsed = ipaddr.process(address)
    if (parsed.range() === 'unicast') return true
    return networks.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits))
  }
}

/** Throws for what is no network. */
function readNetwork(text: string): Network {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text)
    const address = ipaddr.parse(text)
    return [address, address.kind() === 'ipv4' ? 32 : 128]
  } catch {
    throw new Error(`SMTP_PRIVATE_TARGETS: ${text} is no network such as 10.0.0.0/8`)
  }
}
