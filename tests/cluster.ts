/** Many processes as an operator would start them, and people who use them all the while. */
import { Agent, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { testDatabase } from '#platform/database/testing.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { startProgram, temporaryFolder, type Program } from './program.ts'

export const serviceKey = 'the-service-key-of-the-cluster'

/** A process that can be started again in its place. */
export interface Place {
  readonly words: readonly string[]
  readonly address: `tcp://${string}`
  /** `http://127.0.0.1:port` of a gateway. */
  readonly web: string
  /** The one that runs, or ran last. */
  program: Program
  start(): Promise<void>
}

export interface Cluster extends AsyncDisposable {
  readonly databaseUrl: string
  /** Starts a process at a place of its own. */
  add(words: string[], settings?: Record<string, string>): Promise<Place>
}

/** Two registries on a database of their own; what is added finds them. */
export async function startCluster(): Promise<Cluster & { registries: Place[] }> {
  await using stack = new AsyncDisposableStack()
  const directory = stack.use(await temporaryFolder())
  const database = stack.use(await testDatabase([]))
  const registryPorts = [await freePort(), await freePort()]
  const shared = {
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '6',
    CLUSTER_KEY: 'the cluster key of the cluster',
    SERVICE_KEY: serviceKey,
    REGISTRY_URL: registryPorts.map((port) => `tcp://127.0.0.1:${port}`).join(','),
    OPS_PORT: '0',
    LOG_LEVEL: 'warn',
    LOG_SHIP: 'false',
  }
  const places: Place[] = []
  stack.defer(async () => {
    await Promise.all(places.map(({ program }) => program[Symbol.asyncDispose]()))
  })

  async function place(words: string[], port: number, settings: Record<string, string>): Promise<Place> {
    const webPort = await freePort()
    const own = {
      ...shared,
      DATA_DIR: join(directory.path, `${words.join('-').replaceAll('/', '-')}-${webPort}`),
      RPC_ADDRESS: `tcp://127.0.0.1:${port}`,
      PORT: String(webPort),
      ...settings,
    }
    const made: Place = {
      words,
      address: `tcp://127.0.0.1:${port}`,
      web: `http://127.0.0.1:${webPort}`,
      program: await startProgram(words, own),
      async start() {
        made.program = await startProgram(words, own)
      },
    }
    places.push(made)
    return made
  }

  const add: Cluster['add'] = async (words, settings = {}) => place(words, await freePort(), settings)
  // One after the other: the first one migrates.
  const registries: Place[] = []
  for (const port of registryPorts) registries.push(await place(['registry'], port, {}))
  const opened = stack.move()
  return { databaseUrl: database.url, registries, add, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export interface Visitors {
  /** What went wrong so far: a status, or the error of a connection. */
  readonly failures: readonly string[]
  readonly answers: number
  stop(): Promise<void>
}

/** Told; more say nothing new. */
const mostFailures = 10

const headers = { 'x-api-key': serviceKey }

/** Send a query to each of the addresses in turn, `perSecond` in all, whether earlier ones were answered or not. */
export function sendVisitors(
  webs: readonly string[],
  perSecond: number,
  path = '/api/logs?limit=1',
): Visitors {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 })
  const failures: string[] = []
  const underWay = new Set<Promise<void>>()
  let answers = 0
  let sent = 0
  let isOver = false

  async function visit(): Promise<void> {
    const status = await statusOf(webs[sent++ % webs.length] + path, agent).catch(
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    )
    if (status === 200) answers++
    else if (failures.length < mostFailures) failures.push(`${new Date().toISOString()} ${status}`)
  }

  async function keepVisiting(): Promise<void> {
    const startedAt = performance.now()
    for (let due = 0; !isOver; await sleep(5))
      for (; due < ((performance.now() - startedAt) / 1000) * perSecond; due++) {
        const visiting = visit().finally(() => underWay.delete(visiting))
        underWay.add(visiting)
      }
  }

  const visits = keepVisiting()
  return {
    failures,
    get answers() {
      return answers
    },
    async stop() {
      isOver = true
      await visits
      await Promise.all(underWay)
      agent.destroy()
    },
  }
}

function statusOf(url: string, agent: Agent): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers, timeout: 10_000 }, (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => void (body += chunk))
      response.on('end', () =>
        resolve(response.statusCode === 200 ? 200 : `${response.statusCode} ${body.slice(0, 300)}`),
      )
      response.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('no answer for 10 s')))
    request.on('error', reject)
  })
}

/** JSON of a page that is for administrators. */
export async function ask<T>(web: string, path: string): Promise<T> {
  const response = await fetch(web + path, { headers })
  if (!response.ok) throw new Error(`${path} of ${web}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

/** Asks again until it is so; fails with the last thing seen. */
export async function until<T>(
  see: () => Promise<T>,
  isSo: (seen: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const giveUpAt = Date.now() + timeoutMs
  for (;;) {
    const seen = await see()
    if (isSo(seen)) return seen
    if (Date.now() > giveUpAt) throw new Error(`still, after ${timeoutMs} ms: ${JSON.stringify(seen)}`)
    await sleep(50)
  }
}

/** Value below which the share lies, 0.99 for the 99th percentile. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
