/** What runs where, and how this gateway fares with it. */
import { gateway, type GatewayView, type Topology } from '#contracts/gateway.ts'
import type { Instance } from '#contracts/registry.ts'
import type { EndpointTraffic } from '#platform/balance/member.ts'
import { metrics } from '#platform/metrics.ts'
import type { ProcessContext, QueryContext } from '#platform/service.ts'
import { askGateways } from './other-gateways.ts'

export interface Watched {
  process: ProcessContext
  openSockets: () => number
  blocked: () => GatewayView['blocked']
}

export interface Watch extends Disposable {
  view(): Promise<GatewayView>
  topology(context: QueryContext): Promise<Topology>
}

const sampleEveryMs = 1_000
/** Rates are of so many seconds. */
const mostSamples = 11

/** Requests so far: of the gateway, under the empty key, and of each service of each instance. */
type Sample = { at: number; totals: ReadonlyMap<string, number> }

/** Watches until disposed of. */
export function watchTraffic({ process, openSockets, blocked }: Watched): Watch {
  const samples: Sample[] = []
  const take = async () => {
    const totals = new Map([['', await requestsSoFar()]])
    for (const [service, endpoints] of Object.entries(process.traffic()))
      for (const { id, requests } of endpoints) totals.set(keyOf(id, service), requests)
    samples.push({ at: performance.now(), totals })
    if (samples.length > mostSamples) samples.shift()
  }
  void take()
  const timer = setInterval(() => void take(), sampleEveryMs).unref()

  function perSecond(key: string): number {
    const [first, last] = [samples.find(({ totals }) => totals.has(key)), samples.at(-1)]
    const seconds = first && last ? (last.at - first.at) / 1000 : 0
    return seconds > 0 ? ((last!.totals.get(key) ?? 0) - first!.totals.get(key)!) / seconds : 0
  }

  async function view(): Promise<GatewayView> {
    const { table } = process.directory
    return {
      registry: {
        revision: table?.place?.revision ?? 0,
        silentMs: table?.place ? table.staleMs : null,
      },
      perSecond: perSecond(''),
      openSockets: openSockets(),
      blocked: blocked(),
      traffic: Object.entries(process.traffic()).flatMap(([service, endpoints]) =>
        endpoints.map((endpoint) => ({
          ...seen(endpoint),
          service,
          perSecond: perSecond(keyOf(endpoint.id, service)),
        })),
      ),
    }
  }

  async function topology(context: QueryContext): Promise<Topology> {
    const { table } = process.directory
    const instances = [...(table?.rows.values() ?? [])]
    const answers = await askGateways(process, context, gateway.calls.showView, view)
    const gateways = answers.map(({ instanceId, answer }) => ({ instanceId, view: answer }))
    return {
      revision: table?.place?.revision ?? 0,
      instances: instances.map((instance) => withTraffic(instance, gateways)),
      gateways,
    }
  }

  return { view, topology, [Symbol.dispose]: () => clearInterval(timer) }
}

/** What the gateways say of an instance, put together. */
function withTraffic(
  { id, address, version, state, registeredAt, services }: Instance,
  gateways: Topology['gateways'],
): Topology['instances'][number] {
  const reports = gateways.flatMap(({ instanceId: by, view }) =>
    (view?.traffic ?? []).filter((report) => report.instanceId === id).map((report) => ({ ...report, by })),
  )
  return {
    id,
    address,
    version,
    state,
    registeredAt,
    services: services.map((service) => {
      const about = reports.filter((report) => report.service === service.name)
      return {
        ...service,
        perSecond: about.reduce((sum, report) => sum + report.perSecond, 0),
        pending: about.reduce((sum, report) => sum + report.pending, 0),
        ejectedBy: about.filter((report) => report.ejectedUntil || !report.isReady).map(({ by }) => by),
      }
    }),
  }
}

function seen({ id, isReady, pending, failures, ejectedUntil }: EndpointTraffic) {
  return {
    instanceId: id,
    isReady,
    pending,
    failures,
    ejectedUntil: ejectedUntil === null ? null : new Date(ejectedUntil).toISOString(),
  }
}

function keyOf(instanceId: string, service: string): string {
  return `${instanceId} ${service}`
}

async function requestsSoFar(): Promise<number> {
  const counted = await metrics.getSingleMetric('dakghar_http_requests_total')?.get()
  return (counted?.values ?? []).reduce((sum, { value }) => sum + value, 0)
}
