/**
 * Two gateways, two registries and three instances of a service, each a process of its own, in use while things go
 * wrong. How often is short by default; TEST_DOOR_ROUNDS=25 and TEST_OUTAGE_SECONDS=60 are the long run.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Topology } from '#contracts/gateway.ts'
import { startHaproxy } from './haproxy.ts'
import { ask, percentile, sendVisitors, startCluster, until, type Cluster, type Place } from './cluster.ts'

const rounds = Number(process.env.TEST_DOOR_ROUNDS ?? 4)
const outageMs = Number(process.env.TEST_OUTAGE_SECONDS ?? 8) * 1000
/** How often every process is restarted. */
const restarts = Number(process.env.TEST_DOOR_RESTARTS ?? 1)
const perSecond = Number(process.env.TEST_DOOR_RATE ?? 200)

let cluster: Cluster & { registries: Place[] }
let gateways: Place[]
let instances: Place[]
before(async () => {
  cluster = await startCluster()
  instances = [await cluster.add(['logs'])]
  instances.push(...(await Promise.all([cluster.add(['logs']), cluster.add(['logs'])])))
  const behindBalancer = { STOP_DELAY_MS: '1000' }
  gateways = await Promise.all([
    cluster.add(['gateway'], behindBalancer),
    cluster.add(['gateway'], behindBalancer),
  ])
  await allUsed()
})
after(() => cluster?.[Symbol.asyncDispose]())

const webs = () => gateways.map(({ web }) => web)
const topologyOf = (web: string) => ask<Topology>(web, '/api/topology')
const logsOf = ({ instances: all }: Topology) =>
  all.filter(({ services }) => services.some(({ name }) => name === 'logs'))

/** Every gateway knows exactly the instances that run. */
async function allUsed(running: readonly Place[] = instances): Promise<void> {
  const wanted = running.map(({ address }) => address).toSorted()
  for (const web of webs())
    await until(
      () => topologyOf(web).catch((error: Error) => error.message),
      (seen) =>
        typeof seen !== 'string' &&
        JSON.stringify(
          logsOf(seen)
            .filter(({ state }) => state === 'ready')
            .map(({ address }) => address)
            .toSorted(),
        ) === JSON.stringify(wanted),
    )
}

/** When a gateway gave the address up, in milliseconds since the epoch, as its log tells. */
async function givenUpAt({ program }: Place, address: string, since: number): Promise<number> {
  const lines = await until(
    async () =>
      program
        .output()
        .split('\n')
        .filter((line) => line.includes('RPC connection lost') && line.includes(address))
        .map((line) => Date.parse((JSON.parse(line) as { time: string }).time))
        .filter((time) => time >= since),
    (times) => times.length > 0,
    6_000,
  )
  return lines[0]!
}

test(`an instance is killed ${rounds} times: no query fails, and the gateways leave it at once`, async () => {
  const visitors = sendVisitors(webs(), perSecond)
  const delays: number[] = []
  for (let round = 0; round < rounds; round++) {
    await sleep(300)
    const victim = instances[round % instances.length]!
    const killedAt = Date.now()
    process.kill(victim.program.pid, 'SIGKILL')
    const times = await Promise.all(gateways.map((gateway) => givenUpAt(gateway, victim.address, killedAt)))
    delays.push(...times.map((time) => time - killedAt))
    await allUsed(instances.filter((place) => place !== victim))
    await victim.start()
    await allUsed()
  }
  await visitors.stop()
  assert.deepEqual(visitors.failures, [])
  assert.ok(visitors.answers > 100)
  console.log(`given up after ms: p50 ${percentile(delays, 0.5)}, p99 ${percentile(delays, 0.99)}`)
  assert.ok(percentile(delays, 0.5) < 1_000, `${delays}`)
})

test('an instance that hangs is out within 4 s, and back when it goes on', async () => {
  const [victim] = instances as [Place]
  const visitors = sendVisitors(webs(), perSecond / 4)
  process.kill(victim.program.pid, 'SIGSTOP')
  const stoppedAt = Date.now()
  try {
    await allUsed(instances.slice(1))
    const tookMs = Date.now() - stoppedAt
    console.log(`out after ${tookMs} ms`)
    assert.ok(tookMs < 10_000)
  } finally {
    process.kill(victim.program.pid, 'SIGCONT')
  }
  await allUsed()
  await visitors.stop()
})

test('both registries are away and come back with an empty table: nobody notices', async () => {
  const visitors = sendVisitors(webs(), perSecond / 4)
  for (const { program } of cluster.registries) await program.stop('SIGKILL')
  const [gone] = instances.splice(2, 1) as [Place]
  await gone.program.stop('SIGKILL')
  await sleep(outageMs)
  assert.deepEqual(visitors.failures, [])
  await emptyTable()
  for (const registry of cluster.registries) await registry.start()
  await allUsed()
  await gone.start()
  instances.push(gone)
  await allUsed()
  await visitors.stop()
  assert.deepEqual(visitors.failures, [])
})

test(`every process is restarted in turn, ${restarts} times, behind HAProxy: no request fails`, async () => {
  await using haproxy = await startHaproxy(webs())
  const visitors = sendVisitors([haproxy.web], perSecond / 2)
  for (let round = 0; round < restarts; round++)
    for (const place of [...instances, ...cluster.registries, ...gateways]) {
      const { code } = await place.program.stop('SIGTERM')
      assert.equal(code, 0, place.program.output())
      await place.start()
      await allUsed()
      // Rollouts wait for load balancers, as with `minReadySeconds` of Kubernetes.
      if (gateways.includes(place)) await sleep(1_000)
      assert.deepEqual(visitors.failures, [], place.words.join(' '))
    }
  await visitors.stop()
  assert.deepEqual(visitors.failures, [])
  assert.ok(visitors.answers > 100)
})

async function emptyTable(): Promise<void> {
  const { Client } = (await import('pg')).default
  const client = new Client({ connectionString: cluster.databaseUrl })
  await client.connect()
  await client.query('truncate registry.instances, registry.registries')
  await client.end()
}
