/** Instances that die, hang and leave, and followers that are cut off: separate processes, two registries. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cutProxy } from './cut-proxy.ts'
import {
  assertRemovalIsFinal,
  createInstallation,
  firstHeld,
  readyId,
  type Follower,
  type Installation,
} from './registry.ts'

const kills = Number(process.env.REGISTRY_KILLS ?? 3)

let installation: Installation
let followers: [Follower, Follower]
before(async () => {
  installation = await createInstallation()
  const [first, second] = installation.registryUrls
  await Promise.all([installation.startRegistry(0), installation.startRegistry(1)])
  followers = [await installation.follow(first), await installation.follow(second)]
  // Two that stay, as one of two leases lost is most.
  for (const program of [await installation.startInstance(), await installation.startInstance()])
    await readyId(followers, program)
})
after(() => installation[Symbol.asyncDispose]())

const isGone =
  (id: string) =>
  ({ states }: { states: ReadonlyMap<string, string> }) =>
    !states.has(id)

test(`after kill -9 an instance is out at once for followers of both registries, ${kills} times`, async (t) => {
  const times: number[] = []
  for (let round = 0; round < kills; round++) {
    await using program = await installation.startInstance()
    const id = await readyId(followers, program)
    const killedAt = Date.now()
    process.kill(program.pid, 'SIGKILL')
    for (const follower of followers) times.push((await firstHeld(follower, isGone(id), killedAt)) - killedAt)
  }
  times.sort((a, b) => a - b)
  t.diagnostic(`ms from death to the followers: ${times.join(' ')}`)
  assert.ok(times.at(-1)! < 1_000, `${times.at(-1)} ms`)
})

test('an instance that hangs is out within 4 s, and back under a new id when it goes on', async (t) => {
  await using program = await installation.startInstance()
  const id = await readyId(followers, program)
  const stoppedAt = Date.now()
  process.kill(program.pid, 'SIGSTOP')
  for (const follower of followers) {
    const ms = (await firstHeld(follower, isGone(id), stoppedAt)) - stoppedAt
    t.diagnostic(`out after ${ms} ms`)
    assert.ok(ms <= 4_000, `${ms} ms`)
  }
  process.kill(program.pid, 'SIGCONT')
  assert.notEqual(await readyId(followers, program), id)
})

test('an instance that leaves is draining before it is gone, and never comes before it is ready', async () => {
  const program = await installation.startInstance()
  const id = await readyId(followers, program)
  const stoppedAt = Date.now()
  const { code } = await program.stop('SIGTERM')
  assert.equal(code, 0, program.output())
  for (const follower of followers) {
    const goneAt = await firstHeld(follower, isGone(id), stoppedAt)
    const states = follower.history.flatMap(({ at, states }) =>
      states.has(id) ? [{ at, state: states.get(id)! }] : [],
    )
    const order = states.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1])
    assert.match(order.join(' '), /^(starting )?ready draining$/)
    const drainingAt = states.find(({ state }) => state === 'draining')!.at
    assert.ok(goneAt - drainingAt >= 150, `${goneAt - drainingAt} ms`)
  }
})

for (const how of ['cut', 'freeze'] as const)
  test(`a follower behind a wire that fails (${how}) keeps its table, and is right within 5 s of healing`, async (t) => {
    const [url] = installation.registryUrls
    await using proxy = await cutProxy(url)
    await using follower = await installation.follow(proxy.address)
    await using dying = await installation.startInstance()
    const id = await readyId([...followers, follower], dying)
    const before = [...follower.directory.table!.rows.keys()]

    proxy[how]()
    await using coming = await installation.startInstance()
    process.kill(dying.pid, 'SIGKILL')
    const newId = await readyId(followers, coming)
    await sleep(4_000)
    assert.deepEqual([...follower.directory.table!.rows.keys()], before)

    const healedAt = Date.now()
    proxy.heal()
    const isRight = ({ states }: { states: ReadonlyMap<string, string> }) =>
      !states.has(id) && states.get(newId) === 'ready'
    const ms = (await firstHeld(follower, isRight, healedAt)) - healedAt
    t.diagnostic(`right after ${ms} ms`)
    assert.ok(ms < 5_000, `${ms} ms`)
  })

test('nobody ever held an instance again that had been removed', () => {
  for (const follower of followers) assertRemovalIsFinal(follower)
})
