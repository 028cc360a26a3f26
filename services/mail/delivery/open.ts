/** The role that empties the queue. */
import { signMessage } from '../authentication/sign.ts'
import { openResolver } from '../authentication/resolver.ts'
import { deliverHere } from '../arrival/local.ts'
import { openWayIn } from '../arrival/open.ts'
import { signingKeys } from '../domains/ensure.ts'
import { dnsServers, serverName, type Context } from '../settings.ts'
import type { Sign } from './content.ts'
import { startDeliverer } from './deliverer.ts'
import { domainOf } from './submit.ts'

export async function openDelivery(context: Context): Promise<AsyncDisposable> {
  const { settings } = context
  await using stack = new AsyncDisposableStack()
  const resolver = stack.use(openResolver({ servers: dnsServers(settings) }))
  const { arrivals } = stack.use(openWayIn(context))
  const sign: Sign = async ({ sender, open }) => {
    const keys = await signingKeys(context, sender === '' ? settings.DOMAIN : domainOf(sender))
    return keys.length === 0 ? '' : signMessage({ open }, keys)
  }
  stack.use(
    startDeliverer(context, {
      deliverHere: deliverHere(context, arrivals),
      resolver,
      hostName: serverName(settings),
      domain: settings.DOMAIN,
      sign,
      relay: settings.SMTP_RELAY,
      privateTargets: settings.SMTP_PRIVATE_TARGETS,
    }),
  )
  return stack.move()
}
