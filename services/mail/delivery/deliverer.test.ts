import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { SMTPServer } from 'smtp-server'
import { text as readText } from 'node:stream/consumers'
import type { Database } from '#platform/database/database.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { claimLots } from '../store/queue.ts'
import { deliveryScene, letter, ourDomain, startOther } from './testing.ts'
import { submit, cancel } from './submit.ts'

const far = { 'far.example': { MX: ['10 mx.far.example'] }, 'mx.far.example': { A: ['127.0.0.2'] } }

describe('delivery', () => {
  test('a message goes to the server that the MX record names, as it is, with dots doubled, and the trace says so', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port)
    await using _ = scene.start({ sign: async () => 'DKIM-Signature: v=1\r\n' })
    const source = letter('.one\r\n..two\r\n.\r\nend')
    const id = await scene.send(['a@far.example', 'b@far.example'], { source, prefix: 'X-Before: 1\r\n' })
    await scene.become(id, { 'a@far.example': 'relayed', 'b@far.example': 'relayed' })
    assert.equal(other.messages.length, 1)
    assert.equal(other.messages[0]!.content, `DKIM-Signature: v=1\r\nX-Before: 1\r\n${source}`)
    assert.deepEqual(
      other.messages[0]!.to.map((word) => word.split(' ')[0]),
      ['<a@far.example>', '<b@far.example>'],
    )
    const [row] = await scene.rows(id)
    assert.deepEqual([row?.answer, row?.attempts, row?.tls], ['250 2.0.0 Taken', 1, null])
    await eventually(async () => {
      const { rows } = await sql<{
        blob: string | null
      }>`select blob from submissions where id = ${id}`.execute(scene.db)
      return rows[0]!.blob === null
    })
  })

  test('npm smtp-server takes our mail with all its extensions', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    const taken: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH'],
      disableReverseLookup: true,
      logger: false,
      async onData(stream, _session, done) {
        taken.push(await readText(stream))
        done()
      },
    })
    server.on('error', () => undefined)
    await once(server.listen(scene.port, '127.0.0.2'), 'listening')
    await using _ = scene.start()
    const id = await scene.send(['a@far.example'], { source: letter('.স্বাগতম') })
    await scene.become(id, { 'a@far.example': 'relayed' })
    assert.match(taken[0]!, /\.স্বাগতম/)
    assert.match((await scene.rows(id))[0]!.tls ?? '', /^TLSv1/)
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })

  test('each recipient gets the answer of its own; the sender hears of the one that failed', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port, {
      onCommand: (line) =>
        line.startsWith('RCPT TO:<no@')
          ? '550 5.1.1 No such user'
          : line.startsWith('RCPT TO:<full@')
            ? '452 4.2.2 Full'
            : undefined,
    })
    await using _ = scene.start()
    const id = await scene.send(['yes@far.example', 'no@far.example', 'full@far.example'])
    await scene.become(id, {
      'yes@far.example': 'relayed',
      'no@far.example': 'failed',
      'full@far.example': 'delayed',
    })
    await eventually(() => scene.arrived.length === 1)
    assert.deepEqual(scene.arrived[0]!.recipients, [`rahima@${ourDomain}`])
    assert.match(
      scene.arrived[0]!.source,
      /Final-Recipient: rfc822; no@far.example\r\nAction: failed\r\nStatus: 5.1.1/,
    )
    assert.doesNotMatch(scene.arrived[0]!.source, /yes@far.example|full@far.example/)
    other.manners = {}
    scene.pass(90_000)
    await scene.become(id, { 'full@far.example': 'relayed' })
    assert.deepEqual(
      other.messages.map(({ to }) => to.length),
      [1, 1],
    )
  })

  test('mail for our own domains stays here, and is told of where nobody is there', async () => {
    await using scene = await deliveryScene()
    await using _ = scene.start()
    const id = await scene.send([`karim@${ourDomain}`, `nobody@${ourDomain}`])
    await scene.become(id, { [`karim@${ourDomain}`]: 'delivered', [`nobody@${ourDomain}`]: 'failed' })
    await eventually(() => scene.arrived.length === 2)
    assert.equal(scene.arrived[0]!.submissionId, id)
    assert.match(scene.arrived[1]!.source, /550 5\.1\.1 No such person here/)
    assert.equal(scene.arrived[1]!.sender, '')
  })

  test('what fails without a sender is told to nobody', async () => {
    await using scene = await deliveryScene()
    await using _ = scene.start()
    const id = await scene.send([`nobody@${ourDomain}`], { sender: '' })
    await scene.become(id, { [`nobody@${ourDomain}`]: 'failed' })
    const { rows } = await sql`select from submissions`.execute(scene.db)
    assert.equal(rows.length, 1)
  })

  test('nothing leaves before it is due, and it can be taken back until then', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port)
    await using _ = scene.start({ pollMs: 20 })
    const dueAt = new Date(scene.clock.now + 30_000)
    const kept = await scene.send(['kept@far.example'], { dueAt })
    const undone = await scene.send(['undone@far.example'], { dueAt })
    scene.pass(29_000)
    const now = await scene.send(['now@far.example'])
    await scene.become(now, { 'now@far.example': 'relayed' })
    assert.equal(await scene.db.transaction().execute((tx) => cancel(tx, undone)), true)
    assert.equal(await scene.db.transaction().execute((tx) => cancel(tx, undone)), false)
    scene.pass(2_000)
    await scene.become(kept, { 'kept@far.example': 'relayed' })
    assert.equal(await scene.db.transaction().execute((tx) => cancel(tx, kept)), false)
    assert.deepEqual(await scene.states(undone), { 'undone@far.example': 'cancelled' })
    assert.deepEqual(
      other.messages.map(({ to }) => to[0]!.split(' ')[0]),
      ['<now@far.example>', '<kept@far.example>'],
    )
  })

  test('taking back and delivering at the same moment never wait for each other, and one of them wins', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port)
    await using _ = scene.start({ pollMs: 20 })
    let left = 0
    for (let n = 0; n < 30; n++) {
      const address = `a${n}@far.example`
      const id = await scene.send([address])
      await sleep(n % 10)
      const isBack = await scene.db.transaction().execute((tx) => cancel(tx, id))
      if (!isBack) left++
      await scene.become(id, { [address]: isBack ? 'cancelled' : 'relayed' })
    }
    assert.equal(other.messages.length, left)
  })

  test('a message that a rolled-back transaction put into the queue is never sent', async () => {
    await using scene = await deliveryScene()
    const work = scene.db.transaction().execute(async (tx) => {
      await submit(tx, { blob: 'a'.repeat(64), sizeBytes: 1, sender: '' }, [{ address: 'a@far.example' }])
      throw new Error('no')
    })
    await assert.rejects(work, /no/)
    const { rows } = await sql`select from queue`.execute(scene.db)
    assert.equal(rows.length, 0)
  })

  test('one connection carries message after message', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port)
    const ids: string[] = []
    for (let n = 0; n < 30; n++) ids.push(await scene.send([`a${n}@far.example`]))
    await using _ = scene.start({ destinationConnections: 1 })
    for (const [n, id] of ids.entries()) await scene.become(id, { [`a${n}@far.example`]: 'relayed' })
    assert.equal(other.connections, 1)
    assert.equal(other.messages.length, 30)
  })

  test('a server gets no more connections at once than a destination may have', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    let open = 0
    let most = 0
    await using other = await startOther('127.0.0.2', scene.port, {
      async onMessage() {
        most = Math.max(most, ++open)
        await new Promise((resolve) => setTimeout(resolve, 40))
        open--
        return undefined
      },
    })
    const ids: string[] = []
    for (let n = 0; n < 40; n++) ids.push(await scene.send([`a${n}@far.example`]))
    await using _ = scene.start({ destinationConnections: 3 })
    for (const [n, id] of ids.entries()) await scene.become(id, { [`a${n}@far.example`]: 'relayed' })
    assert.equal(most, 3)
    assert.equal(other.messages.length, 40)
  })

  test('an outage of ten minutes: nothing is lost, nothing comes twice, and the open breaker uses up no attempts', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using _ = scene.start({ pollMs: 20 })
    const ids: string[] = []
    for (let n = 0; n < 20; n++) ids.push(await scene.send([`a${n}@far.example`]))
    const tries = async () => {
      const { rows } = await sql<{ tries: number }>`select sum(attempts)::int as tries from queue`.execute(
        scene.db,
      )
      return rows[0]!.tries
    }
    await eventually(async () => (await tries()) >= 5)
    const idle = async () =>
      (await sql`select from queue where leased_by is not null`.execute(scene.db)).rows.length === 0
    for (let minute = 0; minute < 10; minute++) {
      scene.pass(60_000)
      await sleep(50)
      await eventually(idle)
    }
    const soFar = await tries()
    // Without a breaker each is tried at once, after one minute and after six: 60.
    assert.ok(soFar < 35, `${soFar} attempts`)
    await using other = await startOther('127.0.0.2', scene.port)
    await eventually(async () => {
      scene.pass(30_000)
      const { rows } = await sql`select from queue`.execute(scene.db)
      return rows.length === 0
    }, 20_000)
    for (const [n, id] of ids.entries())
      assert.deepEqual(await scene.states(id), { [`a${n}@far.example`]: 'relayed' })
    assert.equal(new Set(other.messages.map(({ to }) => to[0])).size, 20)
    assert.equal(other.messages.length, 20)
  })

  test('after four hours the sender is told once, after five days it is over', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using _ = scene.start({ pollMs: 20 })
    await using other = await startOther('127.0.0.2', scene.port, {
      onCommand: (line) => (line.startsWith('RCPT') ? '450 4.2.0 Later' : undefined),
    })
    const id = await scene.send(['a@far.example', { address: 'quiet@far.example', notify: 'NEVER' }])
    await scene.become(id, { 'a@far.example': 'delayed' })
    for (let hours = 1; hours <= 121; hours++) {
      scene.pass(3_600_000)
      await eventually(async () => {
        const { rows } = await sql<{ isSettled: boolean }>`
          select leased_by is null and next_attempt_at > ${new Date(scene.clock.now)} as "isSettled"
          from queue where submission_id = ${id}`.execute(scene.db)
        return rows.every(({ isSettled }) => isSettled)
      })
      if (hours === 3) assert.equal(scene.arrived.length, 0)
      if (hours === 5) await eventually(() => scene.arrived.length === 1)
      if (hours === 119) assert.equal(scene.arrived.length, 1)
    }
    await scene.become(id, { 'a@far.example': 'failed', 'quiet@far.example': 'failed' })
    await eventually(() => scene.arrived.length === 2)
    assert.match(scene.arrived[0]!.source, /Action: delayed[^]*Will-Retry-Until:/)
    assert.match(scene.arrived[1]!.source, /Action: failed\r\nStatus: 5\.4\.7/)
    for (const { source } of scene.arrived) assert.doesNotMatch(source, /quiet@far/)
    assert.ok((await scene.rows(id))[0]!.attempts > 20)
    assert.equal(other.messages.length, 0)
  })

  test('of those who ask for work at the same time, each gets other work', async () => {
    await using scene = await deliveryScene()
    await Promise.all(Array.from({ length: 50 }, (_, n) => scene.send([`a${n}@far.example`])))
    const claim = (db: Database) =>
      claimLots(db, { now: new Date(scene.clock.now), limit: 30, busy: [], owner: randomUUID() })
    const claims = await scene.db
      .transaction()
      .execute(async (tx) => [await claim(tx), await claim(scene.db)])
    assert.deepEqual(
      claims.map((lots) => lots.length),
      [30, 20],
    )
    assert.equal(new Set(claims.flat().map(({ submissionId }) => submissionId)).size, 50)
  })

  test('two deliverers share 200 messages: each goes once', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port)
    const ids = await Promise.all(Array.from({ length: 200 }, (_, n) => scene.send([`a${n}@far.example`])))
    await using stack = new AsyncDisposableStack()
    for (const name of ['one', 'two']) stack.use(scene.start({ hostName: `${name}.ours.example` }))
    await eventually(async () => (await sql`select from queue`.execute(scene.db)).rows.length === 0, 20_000)
    assert.equal(other.messages.length, 200)
    assert.equal(new Set(other.messages.map(({ to }) => to[0])).size, 200)
    assert.ok(new Set(other.commands.filter((line) => line.startsWith('EHLO'))).size === 2)
    for (const [n, id] of ids.entries())
      assert.deepEqual(await scene.states(id), { [`a${n}@far.example`]: 'relayed' })
  })
})
