/** Where things are in the picture of the topology. */
import type { OutputOf } from '#contracts/client.ts'
import type { gateway } from '#contracts/gateway.ts'

export type Topology = OutputOf<typeof gateway.calls.showTopology>
type Instance = Topology['instances'][number]

export interface GatewayBox {
  kind: 'gateway'
  id: string
  view: Topology['gateways'][number]['view']
  instance: Instance | undefined
  x: number
  y: number
  width: number
  height: number
}

export interface ServiceBox {
  kind: 'service'
  name: string
  instances: readonly Instance[]
  perSecond: number
  pending: number
  x: number
  y: number
  width: number
  height: number
}

export interface Arrow {
  from: GatewayBox
  to: ServiceBox
  /** In this process: no connection is needed. */
  isInside: boolean
  perSecond: number
  pending: number
  failures: number
  /** Instances that the gateway does not use for the moment. */
  ejected: number
  /** Of an SVG `path`. */
  path: string
}

export interface Picture {
  width: number
  height: number
  gateways: readonly GatewayBox[]
  services: readonly ServiceBox[]
  arrows: readonly Arrow[]
}

const gatewayHeight = 78
const headHeight = 38
export const rowHeight = 24
const gap = 16
const margin = 8

/** Gateways to the left and services to the right; below each other where there is no room. */
export function pictureOf(topology: Topology, width: number): Picture {
  const isNarrow = width < 640
  const gateways = placedGateways(topology, isNarrow ? width - 2 * margin : 230)
  const below = isNarrow
    ? gateways.reduce((most, { y, height }) => Math.max(most, y + height), 0) + gap * 2
    : margin
  const left = isNarrow ? margin + 26 : Math.max(380, width - margin - 430)
  const services = placedServices(topology, { x: left, y: below, width: width - margin - left })
  const bottom = services.at(-1) ?? gateways.at(-1)
  const height = (bottom ? bottom.y + bottom.height : 0) + margin
  if (!isNarrow) center(gateways, height)
  const arrows = gateways.flatMap((from, index) =>
    services.map((to) => arrowOf(from, to, isNarrow ? railOf(from, to, index) : curveOf(from, to))),
  )
  return { width, height, gateways, services, arrows }
}

function placedGateways({ gateways, instances }: Topology, width: number): GatewayBox[] {
  return gateways.map(({ instanceId, view }, index) => ({
    kind: 'gateway',
    id: instanceId,
    view,
    instance: instances.find(({ id }) => id === instanceId),
    x: margin,
    y: margin + index * (gatewayHeight + gap),
    width,
    height: gatewayHeight,
  }))
}

function center(gateways: GatewayBox[], height: number): void {
  const last = gateways.at(-1)
  const shift = last ? Math.max(0, (height - margin - (last.y + last.height)) / 2) : 0
  for (const gateway of gateways) gateway.y += shift
}

interface Corner {
  x: number
  y: number
  width: number
}

function placedServices({ instances }: Topology, { x, y: top, width }: Corner): ServiceBox[] {
  const names = new Set(instances.flatMap(({ services }) => services.map(({ name }) => name)))
  names.delete('gateway')
  let y = top
  return [...names].toSorted().map((name) => {
    const own = instances.filter(({ services }) => services.some((service) => service.name === name))
    const loads = own.flatMap(({ services }) => services.filter((service) => service.name === name))
    const height = headHeight + own.length * rowHeight + 6
    const box: ServiceBox = {
      kind: 'service',
      name,
      instances: own,
      perSecond: loads.reduce((sum, { perSecond }) => sum + perSecond, 0),
      pending: loads.reduce((sum, { pending }) => sum + pending, 0),
      x,
      y,
      width,
      height,
    }
    y += height + gap
    return box
  })
}

function arrowOf(from: GatewayBox, to: ServiceBox, path: string): Arrow {
  const traffic = from.view?.traffic.filter(({ service }) => service === to.name) ?? []
  return {
    from,
    to,
    isInside: traffic.length === 0 && to.instances.some(({ id }) => id === from.id),
    perSecond: traffic.reduce((sum, { perSecond }) => sum + perSecond, 0),
    pending: traffic.reduce((sum, { pending }) => sum + pending, 0),
    failures: traffic.reduce((sum, { failures }) => sum + failures, 0),
    ejected: traffic.filter(({ ejectedUntil, isReady }) => ejectedUntil !== null || !isReady).length,
    path,
  }
}

function curveOf(from: GatewayBox, to: ServiceBox): string {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2]
  const [x2, y2] = [to.x - 3, to.y + headHeight / 2]
  const middle = (x1 + x2) / 2
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`
}

/** Down along the left side. */
function railOf(from: GatewayBox, to: ServiceBox, index: number): string {
  const x = margin + 6 + index * 4
  return `M${x} ${from.y + from.height}V${to.y + headHeight / 2}H${to.x - 3}`
}
