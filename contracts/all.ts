import { bus } from './bus.ts'
import type { Contract } from './contract.ts'
import { gateway } from './gateway.ts'
import { identity } from './identity.ts'
import { logs } from './logs.ts'
import { mail } from './mail.ts'
import { notifications } from './notifications.ts'
import { registry } from './registry.ts'

/** Every contract of the product, in the order of the API reference. */
export const contracts: readonly Contract[] = [gateway, identity, mail, notifications, logs, bus, registry]
