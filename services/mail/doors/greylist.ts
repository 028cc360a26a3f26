/** Puts off who was never here: what sends spam seldom tries again (RFC 6647). */
import ipaddr from 'ipaddr.js'
import type { Context } from '../settings.ts'
import { seenBefore } from '../store/greylist.ts'

export interface Greylist {
  putsOff(attempt: {
    client: string
    sender: string
    recipient: string
    hostName: Promise<string | undefined>
  }): Promise<boolean>
}

export function openGreylist({ db, settings }: Context): Greylist {
  return {
    async putsOff({ client, sender, recipient, hostName }) {
      if (!settings.GREYLISTING) return false
      const network = networkOf(client)
      if (network === undefined) return false
      // A server with a name of its own is one that comes again; to wait would only delay its mail.
      if ((await hostName) !== undefined) return false
      return !(await seenBefore(db, { network, sender: sender.toLowerCase(), recipient }))
    },
  }
}

/** Its /24 or /64: large senders try again from next door. Undefined: it is one of our own network. */
function networkOf(client: string): string | undefined {
  if (!ipaddr.isValid(client)) return undefined
  const address = ipaddr.process(client)
  if (address.range() !== 'unicast') return undefined
  return address.kind() === 'ipv4'
    ? address.toByteArray().slice(0, 3).join('.')
    : address
        .toByteArray()
        .slice(0, 8)
        .map((byte) => byte.toString(16).padStart(2, '0'))
        .join('')
}
