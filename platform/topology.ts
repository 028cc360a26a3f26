/** `--topology`: what runs where, for a terminal. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Topology } from '#contracts/gateway.ts'
import { textTable } from './text-table.ts'

const everyMs = 1_000
const requestTimeoutMs = 5_000

interface Screen {
  isTTY?: boolean
  write(text: string): unknown
}

/**
 * Asks the gateway at `url` once a second and draws the answer over the last one; once where `screen` is no terminal.
 * `serviceKey` is a service key. Rejects with one line when the first answer can't be had; later it says so and goes on.
 */
export async function showTopology(url: string, serviceKey: string, screen: Screen): Promise<void> {
  screen.write(`${topologyText(await fetchTopology(url, serviceKey))}\n`)
  while (screen.isTTY) {
    await sleep(everyMs)
    const text = await fetchTopology(url, serviceKey).then(topologyText, ({ message }: Error) => message)
    // ECMA-48 §8.3.21, §8.3.39: the cursor goes home, and what is on the screen goes.
    screen.write(`\x1b[H\x1b[J${text}\n`)
  }
}

async function fetchTopology(url: string, serviceKey: string): Promise<Topology> {
  const address = new URL('/api/topology', url)
  const response = await fetch(address, {
    headers: { 'x-api-key': serviceKey },
    signal: AbortSignal.timeout(requestTimeoutMs),
  }).catch((error: Error) => {
    const cause = (error.cause as Error | undefined)?.message || error.message
    throw new Error(`The gateway at ${address.origin} does not answer: ${cause}`)
  })
  if (response.ok) return Topology.parse(await response.json())
  throw new Error(`The gateway at ${address.origin} answers ${response.status}: ${await response.text()}`)
}

function topologyText({ revision, instances, gateways }: Topology): string {
  const header = [
    'service',
    'instance',
    'version',
    'state',
    'weight',
    'req/s',
    'pending',
    'address',
    'ejected by',
  ]
  const rows = instances.flatMap((instance) =>
    instance.services.map((service) => [
      [service.name, ...service.roles.filter((role) => role !== 'api')].join('/'),
      shortId(instance.id),
      instance.version,
      instance.state,
      service.weight ?? '',
      Math.round(service.perSecond),
      service.pending,
      instance.address,
      service.ejectedBy.map(shortId).join(' '),
    ]),
  )
  return [
    `Revision ${revision}`,
    '',
    textTable([header, ...rows.toSorted(([a], [b]) => String(a).localeCompare(String(b)))]),
    '',
    textTable([
      ['gateway', 'revision', 'heard', 'req/s', 'sockets', 'blocked'],
      ...gateways.map(({ instanceId, view }) =>
        view
          ? [
              shortId(instanceId),
              view.registry.revision,
              view.registry.silentMs === null
                ? 'never'
                : `${(view.registry.silentMs / 1000).toFixed(1)} s ago`,
              Math.round(view.perSecond),
              view.openSockets,
              view.blocked.offenders + view.blocked.ranges,
            ]
          : [shortId(instanceId), 'does not answer'],
      ),
    ]),
  ].join('\n')
}

function shortId(id: string): string {
  return id.slice(-8)
}
