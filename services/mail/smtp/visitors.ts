import { isIPv6 } from 'node:net'
import type { SmtpLimits } from './limits.ts'

/** Who is here, in total and by address. */
export class Visitors {
  #count = 0
  readonly #limits: Pick<SmtpLimits, 'connections' | 'connectionsPerAddress'>
  readonly #byNetwork = new Map<string, number>()

  constructor(limits: Pick<SmtpLimits, 'connections' | 'connectionsPerAddress'>) {
    this.#limits = limits
  }

  /** Counts the visitor, or gives the answer that sends it away. */
  admit(address: string): string | undefined {
    const network = networkOf(address)
    const count = this.#byNetwork.get(network) ?? 0
    if (this.#count >= this.#limits.connections) return '421 4.3.2 Too many connections, try again later\r\n'
    if (count >= this.#limits.connectionsPerAddress)
      return '421 4.7.0 Too many connections from your address\r\n'
    this.#byNetwork.set(network, count + 1)
    this.#count++
    return undefined
  }

  leave(address: string): void {
    const network = networkOf(address)
    const count = this.#byNetwork.get(network)! - 1
    if (count > 0) this.#byNetwork.set(network, count)
    else this.#byNetwork.delete(network)
    this.#count--
  }
}

/** An IPv6 host has a /64 to itself. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length
  return [...first, ...Array.from({ length: zeros }, () => '0'), ...last].slice(0, 4).join(':')
}
