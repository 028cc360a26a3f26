/**
 * The gateway: the only HTTP server of the product.
 * Keeps nothing. Anyone may connect; each contract says who may make its calls.
 */
import { contracts } from '#contracts/all.ts'
import type { Contract } from '#contracts/contract.ts'
import { gateway } from '#contracts/gateway.ts'
import { integer, listeningHost, text } from '#platform/config.ts'
import { hostSettings } from '#platform/host/settings.ts'
import { defineService } from '#platform/service.ts'
import { openDoor } from './door.ts'

export default gatewayTo(contracts)

/** A gateway to the calls of these contracts. */
export function gatewayTo(reached: readonly Contract[]) {
  return defineService({
    contract: gateway,
    settings: {
      PORT: integer('Port of the HTTP server.', { default: 3000, max: 65_535 }),
      HOST: text('Address the HTTP server listens on.', listeningHost),
      STOP_GRACE_MS: hostSettings.STOP_GRACE_MS,
    },
    roles: {
      api: {
        summary: 'serves HTTP',
        start: ({ settings, log }, process) => {
          const { PORT: port, HOST: host, STOP_GRACE_MS: stopGraceMs } = settings
          return openDoor(reached, { port, host, stopGraceMs, log, process })
        },
      },
    },
  })
}
