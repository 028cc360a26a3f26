import type { Service } from '#platform/service.ts'
import bus from './bus/service.ts'
import gateway from './gateway/service.ts'
import identity from './identity/service.ts'
import logs from './logs/service.ts'
import mail from './mail/service.ts'
import notifications from './notifications/service.ts'
import registry from './registry/service.ts'

/** Every service of the program. The gateway starts last, when what it routes to answers. */
export const services: readonly Service[] = [registry, logs, identity, mail, notifications, bus, gateway]
