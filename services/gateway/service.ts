/**
 * The gateway: the only HTTP server of the product.
 * Keeps nothing. Anyone may connect; each contract says who may make its calls.
 */
import { fileURLToPath } from 'node:url'
import { contracts } from '#contracts/all.ts'
import type { Contract } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import { gateway } from '#contracts/gateway.ts'
import { listeningHost, text } from '#platform/config.ts'
import { runJobs } from '#platform/host/jobs.ts'
import { hostSettings } from '#platform/host/settings.ts'
import { memory } from '#platform/memory.ts'
import { defineService, type ServiceContext } from '#platform/service.ts'
import { combiner } from '#services/gateway/rest/combine.ts'
import { openProtection } from '#services/gateway/protection/open.ts'
import { protectionSettings } from '#services/gateway/protection/settings.ts'
import { removeOldUploads } from '#services/gateway/files/upload.ts'
import { openSecure } from '#services/gateway/tls/open.ts'
import { tlsSettings } from '#services/gateway/tls/settings.ts'
import { openDoor } from './door.ts'
import { watchTraffic, type Watch } from './topology.ts'

export default gatewayTo(contracts)

/** A gateway to the calls of these contracts. */
export function gatewayTo(others: readonly Contract[]) {
  const reached = [...new Set([gateway, ...others])]
  return defineService({
    contract: gateway,
    calls: {
      combine: combiner(reached),
      showTopology: (_, context) => watchOf(context).topology(context),
      showView: (_, context) => watchOf(context).view(),
    },
    settings: {
      PORT: hostSettings.PORT,
      HOST: text('Address the HTTP server listens on.', listeningHost),
      STOP_GRACE_MS: hostSettings.STOP_GRACE_MS,
      CACHE_URL: hostSettings.CACHE_URL,
      DATA_DIR: hostSettings.DATA_DIR,
      DOMAIN: hostSettings.DOMAIN,
      WEB_DIR: text('Folder of the built web app.', { defaultText: 'web/dist beside the program' }),
      ...protectionSettings,
      ...tlsSettings,
    },
    roles: {
      api: {
        summary: 'serves HTTP',
        jobs: [{ name: 'removeOldUploads', everyMs: 3_600_000, run: removeOldUploads }],
        start: async (context, process) => {
          const { settings, log, client } = context
          const {
            PORT: port,
            HOST: host,
            STOP_GRACE_MS: stopGraceMs,
            WEB_DIR: webDirectory = builtWeb,
          } = settings
          await using stack = new AsyncDisposableStack()
          const protection = stack.use(await openProtection(settings, { client, log }))
          const secure = await openSecure(settings, context)
          stack.use(secure)
          const options = {
            port,
            host,
            stopGraceMs,
            log,
            process,
            protection,
            stores: context,
            webDirectory,
            secure,
          }
          const { openSockets, traffic } = stack.use(await openDoor(reached, options))
          if (secure) stack.use(runJobs(secure.jobs, context))
          const blocked = () => {
            const { offenders, blockedRanges } = protection.snapshot()
            return { offenders: offenders.length, ranges: blockedRanges }
          }
          watches(context).current = stack.use(
            watchTraffic({ process: { ...process, traffic }, openSockets, blocked }),
          )
          return stack.move()
        },
      },
    },
  })
}

const builtWeb = fileURLToPath(new URL('../../web/dist', import.meta.url))

/** Of each process that serves HTTP, from its start on. */
const watches = memory((): { current?: Watch } => ({}))

function watchOf(context: ServiceContext): Watch {
  const { current } = watches(context)
  if (!current) throw standardError('unavailable', 'The gateway starts.', { retryAfterSeconds: 1 })
  return current
}
