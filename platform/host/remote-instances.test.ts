import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { command, contract, query, stream } from '#contracts/contract.ts'
import type { Invocation } from '#platform/calls.ts'
import { connectRpc } from '#platform/rpc/connection.ts'
import type { RpcAddress } from '#platform/rpc/rpc.ts'
import { sharedKey, until } from '#platform/rpc/testing.ts'
import { emptyDirectory, type Directory, type Endpoint } from './directory.ts'
import { createIdentityTokens } from './identity-tokens.ts'
import { RemoteAnswerer } from './remote.ts'

const anything = z.unknown()
const clock = contract('clock', {
  calls: {
    read: query({ access: 'public', input: anything, output: anything }),
    set: command({ access: 'public', input: anything, output: anything }),
  },
  streams: {
    ticks: stream({ access: 'public', input: anything, output: anything, stickyKey: (zone) => String(zone) }),
  },
})

interface Instance extends Endpoint {
  child: ChildProcess
}

/** Instances in processes of their own, and one caller that knows those in `listed`. */
async function scene(count: number) {
  await using stack = new AsyncDisposableStack()
  const children: ChildProcess[] = []
  stack.defer(async () => void (await Promise.all(children.map((child) => kill({ child })))))
  const listeners = new Set<() => void>()
  let listed: readonly Instance[] = []
  const directory: Directory = {
    ...emptyDirectory,
    endpoints: () => listed,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const list = (instances: readonly Instance[]) => {
    listed = instances
    for (const listener of listeners) listener()
  }
  const start = async (): Promise<Instance> => {
    const child = fork(new URL('../testing/rpc-instance.ts', import.meta.url))
    children.push(child)
    const [address] = (await once(child, 'message')) as [RpcAddress]
    return { id: String(child.pid), address, version: '1', weight: 100, child }
  }
  const security = { sharedKey }
  const remote = new RemoteAnswerer({
    directory,
    connect: (address) => connectRpc({ address, security }),
    tokens: createIdentityTokens(sharedKey),
  })
  list(await Promise.all(Array.from({ length: count }, start)))
  stack.use(remote)
  const opened = stack.move()
  return { remote, start, list, listed: () => listed, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

async function kill({ child }: Pick<Instance, 'child'>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function invocation(more: Partial<Invocation> = {}): Invocation {
  return { identity: { kind: 'service', name: 'test' }, deadlineAt: Date.now() + 5_000, ...more }
}

const kills = Number(process.env.KILLS ?? 8)

test(`instances are killed ${kills} times under load: none is chosen 50 ms later, and nothing that can be repeated fails`, async () => {
  await using world = await scene(3)
  const { remote } = world
  const over = new AbortController()
  let answers = 0
  const askers = Array.from({ length: 24 }, async (_, index) => {
    while (!over.signal.aborted) {
      if (index % 2) await remote.call(clock.calls.read, null, invocation())
      else await remote.call(clock.calls.set, null, invocation({ idempotencyKey: `${index} ${answers}` }))
      answers++
    }
  })
  const requestsTo = (id: string) => remote.traffic().clock!.find((endpoint) => endpoint.id === id)!.requests
  const killer = async () => {
    for (let round = 0; round < kills; round++) {
      await sleep(50)
      const victim = world.listed()[round % 3]!
      await kill(victim)
      await sleep(50)
      const requests = requestsTo(victim.id)
      await sleep(100)
      assert.equal(requestsTo(victim.id), requests, 'it is chosen after its death')
      const heir = await world.start()
      world.list(world.listed().map((instance) => (instance === victim ? heir : instance)))
      // A new one begins slowly.
      for (let waits = 0; requestsTo(heir.id) === 0 && waits < 200; waits++) await sleep(100)
      assert.ok(requestsTo(heir.id) > 0, 'the new one gets work')
    }
  }
  await Promise.all([killer().finally(() => over.abort()), ...askers])
  assert.ok(answers > kills * 100, `${answers} answers`)
})

test('an instance that leaves finishes its calls, and its streams end so that they go on elsewhere', async () => {
  await using world = await scene(2)
  const { remote } = world
  const streams = Array.from({ length: 4 }, (_, zone) =>
    remote.stream(clock.streams.ticks, zone, invocation({ deadlineAt: Infinity })),
  )
  const readers = await Promise.all(streams.map((each) => each.next()))
  const [leaving, staying] = world.listed()
  const isLeaving = readers.map(({ value }) => value === leaving!.child.pid)
  const calls = Array.from({ length: 50 }, () => remote.call(clock.calls.set, null, invocation()))
  leaving!.child.send('drain')
  const ends = streams.filter((_, index) => isLeaving[index]).map((each) => each.next())
  for (const end of ends) await assert.rejects(end, { code: 'unavailable' })
  await Promise.all(calls)
  const again = remote.stream(clock.streams.ticks, 0, invocation({ deadlineAt: Infinity }))
  assert.equal((await again.next()).value, staying!.child.pid)
  await Promise.all(Array.from({ length: 50 }, () => remote.call(clock.calls.set, null, invocation())))
  for (const each of [again, ...streams.filter((_, index) => !isLeaving[index])]) await each.return(undefined)
})

test('streams of one key are read from one instance', async () => {
  await using world = await scene(3)
  const isConnected = () => world.remote.traffic().clock!.every(({ isReady }) => isReady)
  await world.remote.call(clock.calls.read, null, invocation())
  await until(isConnected)
  const pids = new Set<unknown>()
  for (let i = 0; i < 20; i++)
    for await (const pid of world.remote.stream(clock.streams.ticks, 'Dhaka', invocation())) {
      pids.add(pid)
      break
    }
  assert.equal(pids.size, 1)
})

test('a new instance is connected with before it is needed, one that has left is not kept', async () => {
  await using world = await scene(1)
  const { remote } = world
  await remote.call(clock.calls.read, null, invocation())
  const [old] = world.listed()
  const next = await world.start()
  world.list([old!, next])
  await until(() => remote.traffic().clock!.every(({ isReady }) => isReady))
  world.list([next])
  assert.equal(await remote.call(clock.calls.read, null, invocation()), next.child.pid)
  assert.deepEqual(
    remote.traffic().clock!.map(({ id }) => id),
    [next.id],
  )
})
