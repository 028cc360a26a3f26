import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { eventually } from '#platform/testing/eventually.ts'
import { deliveryScene, ourDomain, startOther } from './testing.ts'

const far = { 'far.example': { MX: ['10 mx.far.example'] }, 'mx.far.example': { A: ['127.0.0.2'] } }
const script = fileURLToPath(new URL('./delivery-process.ts', import.meta.url))
const messages = 60
const kills = 4

test('a delivering process is killed again and again: nothing is lost, and only what was under way can come twice', async () => {
  await using scene = await deliveryScene()
  scene.names.zone = far
  const { databaseUrl, blobsUrl, port } = scene
  const options = { databaseUrl, blobsUrl, port, nameServer: scene.names.address, domain: ourDomain }
  let acknowledged = 0
  let onTaken = () => {}
  await using other = await startOther('127.0.0.2', port, {
    async onMessage() {
      acknowledged++
      onTaken()
      await new Promise((resolve) => setTimeout(resolve, 10))
      return undefined
    },
  })
  await Promise.all(
    Array.from({ length: messages }, (_, n) => scene.send([`a${n}@far.example`], { dueAt: new Date() })),
  )
  const waiting = async () => (await sql`select from queue`.execute(scene.db)).rows.length

  for (let round = 0; round <= kills; round++) {
    const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: 'inherit' })
    const exited = once(child, 'exit')
    try {
      if (round < kills) {
        const until = acknowledged + 8 + round
        await new Promise<void>((resolve) => (onTaken = () => acknowledged >= until && resolve()))
      } else await eventually(async () => (await waiting()) === 0, 20_000)
    } finally {
      child.kill('SIGKILL')
      await exited
    }
    // The lease of a process that is silent runs out.
    await sql`update queue set leased_until = now() - interval '1 second' where leased_by is not null`.execute(
      scene.db,
    )
    await sql`update queue set next_attempt_at = now()`.execute(scene.db)
  }

  const { rows } = await sql<{
    state: string
    attempts: number
  }>`select state, attempts from recipients`.execute(scene.db)
  assert.equal(rows.length, messages)
  for (const { state } of rows) assert.equal(state, 'relayed')
  const received = Map.groupBy(other.messages, ({ to }) => to[0])
  assert.equal(received.size, messages)
  const twice = other.messages.length - messages
  assert.ok(twice <= kills * 3, `${twice} came again after ${kills} kills`)
})

test('what a silent process holds is taken over when its lease has run out, not before', async () => {
  await using scene = await deliveryScene()
  scene.names.zone = far
  await using other = await startOther('127.0.0.2', scene.port)
  const id = await scene.send(['a@far.example'])
  const lease = (seconds: number) =>
    sql`update queue set leased_by = gen_random_uuid(), leased_until = clock_timestamp() + make_interval(secs => ${seconds})`.execute(
      scene.db,
    )
  await lease(60)
  await using _ = scene.start({ pollMs: 20 })
  const second = await scene.send(['b@far.example'])
  await scene.become(second, { 'b@far.example': 'relayed' })
  assert.deepEqual(await scene.states(id), { 'a@far.example': 'queued' })
  await lease(0.05)
  await scene.become(id, { 'a@far.example': 'relayed' })
  assert.equal(other.messages.length, 2)
})

test('a stop finishes what is under way and gives the rest back', async () => {
  await using scene = await deliveryScene()
  scene.names.zone = far
  const arrived = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()
  await using other = await startOther('127.0.0.2', scene.port, {
    async onMessage() {
      arrived.resolve()
      await go.promise
      return undefined
    },
  })
  for (let n = 0; n < 5; n++) await scene.send([`a${n}@far.example`])
  const deliverer = scene.start({ destinationConnections: 1 })
  await arrived.promise
  const stopped = deliverer[Symbol.asyncDispose]()
  go.resolve()
  await stopped
  assert.equal(other.messages.length, 1)
  const { rows } = await sql`select from queue where leased_by is null and attempts = 0`.execute(scene.db)
  assert.equal(rows.length, 4)
})

test('who lost its lease does not send the end of the message, and leaves the queue to who has it', async () => {
  await using scene = await deliveryScene()
  scene.names.zone = far
  await using other = await startOther('127.0.0.2', scene.port)
  const id = await scene.send(['a@far.example'])
  const taker = randomUUID()
  const clock = performance.now
  const attempted = Promise.withResolvers<void>()
  await using _ = scene.start({
    pollMs: 20,
    async sign() {
      await sql`update queue set leased_by = ${taker}, leased_until = now() + interval '1 hour'`.execute(
        scene.db,
      )
      performance.now = () => clock.call(performance) + 200_000
      setTimeout(attempted.resolve, 300)
      return ''
    },
  })
  await attempted.promise
  performance.now = clock
  await scene.become(id, { 'a@far.example': 'delayed' })
  assert.equal(other.messages.length, 0)
  assert.equal(other.commands.includes('DATA'), true)
  const { rows } = await sql`select leased_by as owner, attempts from queue`.execute(scene.db)
  assert.deepEqual(rows, [{ owner: taker, attempts: 0 }])
})

test('what a server took while the database could not be written is kept as soon as it can', async () => {
  await using scene = await deliveryScene()
  scene.names.zone = far
  await using other = await startOther('127.0.0.2', scene.port, {
    async onMessage() {
      await sql`alter table recipients rename to recipients_away`.execute(scene.db)
      return undefined
    },
  })
  const id = await scene.send(['a@far.example'])
  await using _ = scene.start({ pollMs: 20 })
  await eventually(() => other.messages.length === 1)
  scene.pass(600_000)
  await sleep(200)
  await sql`alter table recipients_away rename to recipients`.execute(scene.db)
  await scene.become(id, { 'a@far.example': 'relayed' })
  scene.pass(600_000)
  await eventually(async () => (await sql`select from queue`.execute(scene.db)).rows.length === 0)
  assert.equal(other.messages.length, 1)
})
