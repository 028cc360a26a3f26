import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbeddedPostgres } from '#platform/database/embedded.ts'
import { compare, interleave, type Bench } from './bench.ts'
import { freePort, startCaddy, startNginx } from './gateway/peers.ts'
import { cpuSeconds, familyOf, nextMessage, startNode, type Process } from './gateway/processes.ts'
import { key, path, sample } from './rest/line.ts'

const rounds = 11
const roundMs = 1_000
/** Until what runs often is compiled. */
const warmUpMs = 4_000
const connections = 64

export default {
  name: 'gateway',
  summary:
    'Requests for each second of CPU time, of all processes that a contender needs, on one core; 64 keep-alive ' +
    'connections. Proxy path: GET of 250 bytes from an upstream, through our gateway with caller, limits, trace and ' +
    'metrics, nginx, Caddy and @fastify/http-proxy. REST path: a validated POST, through our gateway and by RPC to a ' +
    'service in another process, and through nginx to Fastify. No access logs. Medians of interleaved rounds.',
  async run() {
    await using stack = new AsyncDisposableStack()
    const { proxies, doors } = await startContenders(stack)
    const unit = 'requests/CPU s'
    const proxied = compare(await interleave(proxies, rounds), 'gateway', unit)
    const called = compare(await interleave(doors, rounds), 'gateway + service', unit)
    return {
      ratios: { ...proxied.ratios, rest_rpc: called.ratios['nginx + fastify']! },
      table: [...proxied.table, ...called.table],
    }
  },
} satisfies Bench

type Contenders = Record<string, () => Promise<number>>

async function startContenders(
  stack: AsyncDisposableStack,
): Promise<{ proxies: Contenders; doors: Contenders }> {
  const folder = await mkdtemp(join(tmpdir(), 'dakghar-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }))
  const upstream = stack.use(await startNode('rest', 'servers.ts', ['upstream']))
  const upstreamPort = upstream.value as number
  const { gateway, service } = await startInstallation(stack, folder, upstreamPort)

  const proxied = `GET /legacy/items?page=2 HTTP/1.1\r\nHost: shop.example\r\n${commonHeaders}\r\n`
  const nginx = stack.use(await startNginx(folder, upstreamPort))
  const caddy = stack.use(await startCaddy(folder, upstreamPort))
  const plugin = stack.use(
    await startNode('measured', 'servers.ts', ['fastify-http-proxy', String(upstreamPort)]),
  )
  const proxies: Contenders = {
    gateway: await contender(stack, gateway.value as number, [gateway], '200', proxied),
    nginx: await contender(stack, nginx.port, [nginx], '200', proxied),
    caddy: await contender(stack, caddy.port, [caddy], '200', proxied),
    fastify_http_proxy: await contender(stack, plugin.value as number, [plugin], '200', proxied),
  }

  const body = JSON.stringify(sample)
  const post =
    `POST ${path} HTTP/1.1\r\nHost: shop.example\r\n${commonHeaders}` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  const fastify = stack.use(await startNode('measured', '../rest/servers.ts', ['fastify']))
  const front = stack.use(await startNginx(folder, fastify.value as number))
  const doors: Contenders = {
    'gateway + service': await contender(stack, gateway.value as number, [gateway, service], '201', post),
    'nginx + fastify': await contender(stack, front.port, [front, fastify], '201', post),
  }
  return { proxies, doors }
}

const commonHeaders =
  `Authorization: Bearer ${key}\r\nUser-Agent: bench\r\nAccept: application/json\r\n` +
  'Accept-Encoding: gzip\r\nCookie: theme=dark; lang=en\r\n'

/** A registry, the gateway and a service, each in a process of its own. */
async function startInstallation(stack: AsyncDisposableStack, folder: string, upstreamPort: number) {
  const file = join(folder, 'instances.json')
  const instance = {
    service: 'legacy',
    address: `http://127.0.0.1:${upstreamPort}`,
    pathPrefix: '/legacy',
    healthPath: '/',
  }
  await writeFile(file, JSON.stringify({ instances: [instance] }))
  const registryAddress = `tcp://127.0.0.1:${await freePort()}`
  const database = stack.use(await startEmbeddedPostgres({ directory: join(folder, 'postgres') }))
  const shared = {
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    PORT: '0',
    OPS_PORT: '0',
    REGISTRY_URL: registryAddress,
    SERVICE_KEY: key,
    LIMIT_SERVICE_KEY: '9999999/1s',
    LOG_LEVEL: 'warn',
    LOG_SHIP: 'false',
  }
  const registryEnv = { ...shared, RPC_ADDRESS: registryAddress, REGISTRY_FILE: file }
  stack.use(await startNode('rest', 'servers.ts', ['registry'], registryEnv))
  const env = { ...shared, RPC_ADDRESS: 'tcp://127.0.0.1:0' }
  const service = stack.use(await startNode('measured', 'servers.ts', ['benchlines'], env))
  const gateway = stack.use(await startNode('measured', 'servers.ts', ['gateway'], env))
  await answering(gateway.value as number)
  return { gateway, service }
}

/** Until the registry has told of the upstream. */
async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { status } = await fetch(`http://127.0.0.1:${port}/legacy`, {
      headers: { authorization: `Bearer ${key}` },
    })
    if (status === 200) return
    await sleep(100)
  }
  throw new Error('the gateway does not know of the upstream')
}

/** Each run gives requests for a second of CPU time of the processes and their children. */
async function contender(
  stack: AsyncDisposableStack,
  port: number,
  processes: readonly Process[],
  status: string,
  request: string,
): Promise<() => Promise<number>> {
  const args = [String(port), String(connections), status, request]
  const { child } = stack.use(await startNode('rest', 'load.ts', args))
  const pids = processes.flatMap(({ pid }) => familyOf(pid))
  const run = async (ms: number) => {
    const before = cpuSeconds(pids)
    child.send(ms)
    const answers = (await nextMessage(child)) as number
    return answers / (cpuSeconds(pids) - before)
  }
  await run(warmUpMs)
  return () => run(roundMs)
}
