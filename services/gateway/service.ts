/**
 * The gateway: the only HTTP server of the product.
 * Keeps nothing. Anyone may connect; each contract says who may make its calls.
 */
import { fileURLToPath } from 'node:url'
import { contracts } from '#contracts/all.ts'
import type { Contract } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import { gateway, type Health } from '#contracts/gateway.ts'
import { listeningHost, text } from '#platform/config.ts'
import { runJobs } from '#platform/host/jobs.ts'
import { hostSettings } from '#platform/host/settings.ts'
import { memory } from '#platform/memory.ts'
import { defineService, type QueryContext, type ServiceContext } from '#platform/service.ts'
import { combiner } from '#services/gateway/rest/combine.ts'
import type { LimitPolicies } from '#services/gateway/protection/call-limits.ts'
import { limitViews } from '#services/gateway/protection/limit-views.ts'
import { openProtection } from '#services/gateway/protection/open.ts'
import { protectionSettings } from '#services/gateway/protection/settings.ts'
import { removeOldUploads } from '#services/gateway/files/upload.ts'
import { openSecure } from '#services/gateway/tls/open.ts'
import { tlsSettings } from '#platform/tls/settings.ts'
import { openDoor } from './door.ts'
import { healthOfAll, watchHealth, type HealthWatch } from './health.ts'
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
      showHealth: (_, context) => watchOf(context).health(context),
      showSamples: async (_, context) => ({ samples: watchOf(context).samples() }),
      showLimits: async (_, context) => ({ items: limitViews(watchOf(context).limits, context.settings) }),
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
            stores: { uploads: context.uploads, blobsOf: process.blobsOf },
            webDirectory,
            secure,
          }
          const { openSockets, traffic } = stack.use(await openDoor(reached, options))
          if (secure) stack.use(runJobs(secure.jobs, context))
          const blocked = () => {
            const { offenders, blockedRanges } = protection.snapshot()
            return { offenders: offenders.length, ranges: blockedRanges }
          }
          const health = stack.use(watchHealth())
          watches(context).current = {
            ...stack.use(watchTraffic({ process: { ...process, traffic }, openSockets, blocked })),
            limits: protection.limits,
            samples: health.samples,
            health: (context) => healthOfAll(process, context, health),
          }
          return stack.move()
        },
      },
    },
  })
}

const builtWeb = fileURLToPath(new URL('../../web/dist', import.meta.url))

/** Of each process that serves HTTP, from its start on. */
const watches = memory((): { current?: Watching } => ({}))

interface Watching extends Pick<Watch, 'view' | 'topology'>, Pick<HealthWatch, 'samples'> {
  health(context: QueryContext): Promise<Health>
  limits: LimitPolicies
}

function watchOf(context: ServiceContext): Watching {
  const { current } = watches(context)
  if (!current) throw standardError('unavailable', 'The gateway starts.', { retryAfterSeconds: 1 })
  return current
}
