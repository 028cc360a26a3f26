/** A newcomer's story: write a log line over REST, over RPC and over the bus, read all back, follow the trace. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectAmqp } from 'amqplib'
import { testDatabase } from '#platform/database/testing.ts'
import { createIdentityTokens } from '#platform/host/identity-tokens.ts'
import { connectRpc } from '#platform/rpc/connection.ts'
import type { RpcAddress } from '#platform/rpc/rpc.ts'
import { createVirtualHost } from '#platform/testing/rabbitmq.ts'
import { startRedis } from '#platform/testing/redis.ts'
import { startProgram, temporaryFolder } from './program.ts'

const clusterKey = 'the cluster key of the story'
const serviceKey = 'the-service-key-of-the-story'

interface Installation {
  web: string
  rpc: RpcAddress
  /** Puts `{name, data}` on the bus as somebody else's program would. */
  publish: (line: { name: string; data: string }) => Promise<void>
}

const headers = { authorization: `Bearer ${serviceKey}`, 'content-type': 'application/json' }

async function post(
  web: string,
  path: string,
  body: unknown,
  more: Record<string, string> = {},
): Promise<void> {
  const response = await fetch(web + path, {
    method: 'POST',
    headers: { ...headers, ...more },
    body: JSON.stringify(body),
  })
  assert.equal(response.status, 202, await response.text())
}

async function get<T>(web: string, path: string): Promise<T> {
  const response = await fetch(web + path, { headers })
  assert.equal(response.status, 200, `${path}: ${response.status}`)
  return (await response.json()) as T
}

/** Asks until the answer is as wanted; fails with the last answer after 15 s. */
async function eventually<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    assert.ok(tries < 150, `still ${JSON.stringify(answer, undefined, 1)}`)
    await sleep(100)
  }
}

interface Line {
  name: string
  data: string
  level: string
  traceId: string | null
}

interface Node {
  service: string
  name: string
  children: Node[]
}

const namesOf = (nodes: Node[]): string[] =>
  nodes.flatMap(({ name, children }) => [name, ...namesOf(children)])

async function tellStory({ web, rpc, publish }: Installation): Promise<void> {
  const tag = `t${randomBytes(6).toString('hex')}`
  const traceId = randomBytes(16).toString('hex')
  const traceparent = `00-${traceId}-00f067aa0ba902b7-01`

  await post(web, '/log', { name: 'story', data: `by REST ${tag}` }, { traceparent })
  await logByRpc(rpc, { name: 'story', data: `by RPC ${tag}`, level: 'ERROR' })
  await publish({ name: 'story', data: `by bus ${tag}` })

  const found = await eventually(
    () => get<{ items: Line[] }>(web, `/api/logs?name=story&text=${tag}`),
    ({ items }) => items.length >= 3,
  )
  const stored = found.items.map(({ data, level }) => `${data.replace(` ${tag}`, '')}: ${level}`).toSorted()
  assert.deepEqual(stored, ['by REST: INFO', 'by RPC: ERROR', 'by bus: WARNING'])

  const trace = await eventually(
    () => get<{ roots: Node[]; lines: Line[] }>(web, `/api/traces/${traceId}`),
    ({ roots }) => namesOf(roots).length >= 2,
  )
  assert.equal(trace.roots[0]?.name, 'POST /log')
  assert.equal(trace.roots[0]?.service, 'gateway')
  assert.ok(namesOf(trace.roots[0].children).includes('logs.writeLog'))
  assert.ok(trace.lines.some(({ data }) => data.startsWith('by REST')))
}

async function logByRpc(
  address: RpcAddress,
  line: { name: string; data: string; level: string },
): Promise<void> {
  const key = createHash('sha256').update(clusterKey).digest()
  await using connection = connectRpc({ address, security: { sharedKey: key } })
  await connection.ready(5000)
  const identityToken = await createIdentityTokens(key).sign({ kind: 'service', name: 'story' })
  const answer = await connection.call({
    method: 'RPCServer.LogInfo',
    input: line,
    timeoutMs: 5000,
    identityToken,
  })
  assert.match((answer as { id: string }).id, /^[0-9a-f-]{36}$/)
  const nobody = connection.call({ method: 'RPCServer.LogInfo', input: line, timeoutMs: 5000 })
  await assert.rejects(nobody, { code: 'unauthenticated' })
}

/** Where the bus is Postgres, other programs publish through the gateway. */
function publishByGateway(web: string): Installation['publish'] {
  return (line) => post(web, '/log/events', { ...line, level: 'WARNING' })
}

test('in one process, with nothing but its own Postgres', async () => {
  await using directory = await temporaryFolder()
  await using program = await startProgram([], {
    DATA_DIR: directory.path,
    PORT: '0',
    RPC_ADDRESS: 'tcp://127.0.0.1:0',
    CLUSTER_KEY: clusterKey,
    SERVICE_KEY: serviceKey,
  })
  const web = program.address('web')
  await tellStory({ web, rpc: program.address('RPC') as RpcAddress, publish: publishByGateway(web) })
})

/** Gateway and registry, two logs and a listener, each started by hand with the same settings. */
async function startFour(directory: string, shared: Record<string, string>) {
  await using stack = new AsyncDisposableStack()
  const registry = `unix:${join(directory, 'registry.sock')}`
  const start = async (words: string[], settings: Record<string, string> = {}) =>
    stack.use(
      await startProgram(words, {
        DATA_DIR: join(directory, words.join('-').replaceAll('/', '-')),
        CLUSTER_KEY: clusterKey,
        SERVICE_KEY: serviceKey,
        REGISTRY_URL: registry,
        RPC_ADDRESS: 'tcp://127.0.0.1:0',
        OPS_PORT: '0',
        ...shared,
        ...settings,
      }),
    )
  const [gateway, logs] = await Promise.all([
    start(['gateway', 'registry'], { PORT: '0', RPC_ADDRESS: registry }),
    start(['logs/api']),
    start(['logs/api', 'bus']),
    start(['logs/listener']),
  ])
  const opened = stack.move()
  return {
    web: gateway.address('web'),
    rpc: logs.address('RPC') as RpcAddress,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

test('in four processes, with Postgres alone', async () => {
  await using directory = await temporaryFolder()
  await using database = await testDatabase([])
  await using four = await startFour(directory.path, { DATABASE_URL: database.url, DATABASE_POOL_SIZE: '8' })
  await tellStory({ ...four, publish: publishByGateway(four.web) })
})

test('in four processes, with RabbitMQ and Redis', async () => {
  await using directory = await temporaryFolder()
  await using database = await testDatabase([])
  await using rabbitmq = await createVirtualHost()
  await using redis = await startRedis()
  await using four = await startFour(directory.path, {
    DATABASE_URL: database.url,
    DATABASE_POOL_SIZE: '8',
    BUS_URL: rabbitmq.url,
    CACHE_URL: redis.url,
  })
  await tellStory({
    ...four,
    async publish(line) {
      const connection = await connectAmqp(rabbitmq.url)
      const channel = await connection.createConfirmChannel()
      channel.publish('logs_topic', 'log.WARNING', Buffer.from(JSON.stringify(line)))
      await channel.waitForConfirms()
      await connection.close()
    },
  })
  await tellStory({ ...four, publish: publishByGateway(four.web) })
})
