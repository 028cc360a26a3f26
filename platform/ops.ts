/** What an operator or an orchestrator asks a process: `/ping`, `/health`, `/ready`, `/metrics`. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { metrics } from './metrics.ts'
import type { OpsAnswer } from './service.ts'

export interface OpsState {
  /** Names the process. */
  service: string
  version: string
  roles: readonly string[]
  phase(): 'starting' | 'ready' | 'stopping'
  /** Hard dependencies. A check resolves to what is wrong, or to undefined. */
  checks: Readonly<Record<string, () => Promise<string | undefined>>>
}

/** How long `/ready` waits for one dependency. */
const checkTimeoutMs = 2_000

export function createOps(state: OpsState): (path: string) => Promise<OpsAnswer | undefined> {
  const startedAt = Date.now()
  return async (path) => {
    if (path === '/ping') return { status: 200, contentType: 'text/plain; charset=utf-8', body: 'OK' }
    if (path === '/health') return json(200, health(state, startedAt))
    if (path === '/ready') return readiness(state)
    if (path === '/metrics')
      return { status: 200, contentType: metrics.contentType, body: await metrics.metrics() }
    return undefined
  }
}

/** Serves nothing but the ops paths. Port 0 takes a free one. */
export async function listenOps(
  ops: (path: string) => Promise<OpsAnswer | undefined>,
  host: string,
  port: number,
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://ops').pathname
    ops(path)
      .then((answer) => {
        const { status, contentType, body } = answer ?? {
          status: 404,
          contentType: 'text/plain',
          body: 'not found',
        }
        response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
      })
      .catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const { port: realPort } = server.address() as AddressInfo
  return {
    url: `http://${host}:${realPort}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Liveness: says that the process answers and depends on nothing else. */
function health(state: OpsState, startedAt: number) {
  return {
    status: 'ok',
    service: state.service,
    timestamp: new Date().toISOString(),
    version: state.version,
    phase: state.phase(),
    uptimeSeconds: Math.floor((Date.now() - startedAt) / 1000),
    roles: state.roles,
  }
}

async function readiness(state: OpsState): Promise<OpsAnswer> {
  const results = await Promise.all(
    Object.entries(state.checks).map(
      async ([name, check]) => [name, (await bounded(check)) ?? 'ok'] as const,
    ),
  )
  const isReady = state.phase() === 'ready' && results.every(([, result]) => result === 'ok')
  return json(isReady ? 200 : 503, {
    status: isReady ? 'ready' : state.phase() === 'ready' ? 'unavailable' : state.phase(),
    service: state.service,
    timestamp: new Date().toISOString(),
    checks: Object.fromEntries(results),
  })
}

async function bounded(check: () => Promise<string | undefined>): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const timer = setTimeout(resolve, checkTimeoutMs, 'does not answer')
  try {
    return await Promise.race([check(), promise])
  } catch {
    return 'does not answer'
  } finally {
    clearTimeout(timer)
  }
}

function json(status: number, body: unknown): OpsAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: JSON.stringify(body) }
}
