import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ContentError, type SmtpPolicy } from './policy.ts'
import { dial, openTestDoor, pour, stalled, type TestClient } from './testing.ts'

const header = 'From: e@e.example\r\n\r\n'
const kept = { code: 250, enhanced: '2.0.0', text: 'Kept' }

async function begin(port: number): Promise<TestClient> {
  const client = await dial(port)
  client.send('EHLO a\r\nMAIL FROM:<e@e.example>\r\nRCPT TO:<ann@ours.example>\r\nDATA\r\n')
  for (const code of [250, 250, 250, 354]) await client.expect(code)
  return client
}

describe('a message', () => {
  test('arrives the same however its packets are cut', async () => {
    await using door = await openTestDoor({ limits: { connections: 500, connectionsPerAddress: 500 } })
    const words = `EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<ann@ours.example>\r\nDATA\r\n${header}..x\r\n.y\r\n.\r\nQUIT\r\n`
    const exchange = async (pieces: string[]) => {
      using client = await dial(door.port)
      for (const piece of pieces) {
        client.send(piece)
        await turn()
      }
      for (const code of [250, 250, 250, 354, 250, 221]) await client.expect(code)
    }
    await exchange([...words])
    for (let cut = 1; cut < words.length; cut++) await exchange([words.slice(0, cut), words.slice(cut)])
    assert.equal(door.messages.length, words.length)
    for (const { content } of door.messages) assert.equal(content.toString(), `${header}.x\r\ny\r\n`)
  })

  test('of 8 bits and long lines arrives as it is, and the long line is noted', async () => {
    await using door = await openTestDoor()
    using client = await begin(door.port)
    const octets = Buffer.alloc(70_000, 'Zৎ\xff', 'utf8')
    client.send(Buffer.concat([Buffer.from(header), octets, Buffer.from('\r\n.\r\n')]))
    await client.expect(250)
    assert.ok(
      door.messages[0]?.content.equals(Buffer.concat([Buffer.from(header), octets, Buffer.from('\r\n')])),
    )
    assert.equal(door.messages[0]?.hasLongLine, true)
  })

  test('waits in the client while the policy is slow', async () => {
    let proceed = () => {}
    const gate = new Promise<void>((resolve) => (proceed = resolve))
    let bytes = 0
    await using door = await openTestDoor({
      policy: {
        async message(_, content) {
          await gate
          for await (const piece of content) bytes += piece.length
          return kept
        },
      },
    })
    using client = await begin(door.port)
    const pieces = 500
    const piece = `${'a'.repeat(62)}\r\n`.repeat(1_000)
    const flood = pour(client, header, ...Array.from({ length: pieces }, () => piece))
    // What the kernel takes on both sides is a few megabytes; the rest stays with the client.
    await stalled(() => flood.sent)
    assert.ok(flood.sent < 20_000_000, `${flood.sent} octets sent`)
    const before = process.memoryUsage.rss()
    proceed()
    await flood.done
    client.send('.\r\n')
    await client.expect(250)
    assert.equal(bytes, header.length + pieces * piece.length)
    assert.ok(process.memoryUsage.rss() - before < 64_000_000)
  })

  test('whose policy answers early is read to its end', async () => {
    const full = { code: 452, enhanced: '4.3.1', text: 'Full' }
    await using door = await openTestDoor({
      policy: {
        async message(session, content) {
          if (session.helo === 'early') return full
          for await (const piece of content) if (piece.length > 0) break
          return full
        },
      },
    })
    for (const name of ['early', 'soon']) {
      using client = await dial(door.port)
      client.send(`EHLO ${name}\r\nMAIL FROM:<>\r\nRCPT TO:<ann@ours.example>\r\nDATA\r\n`)
      for (const code of [250, 250, 250, 354]) await client.expect(code)
      client.send(`${header}${'RSET\r\n'.repeat(100_000)}.\r\n`)
      await client.expect(452)
      await client.command('DATA', 503)
    }
  })

  test('whose policy fails is answered 451', async () => {
    await using door = await openTestDoor({
      policy: { message: () => Promise.reject(new Error('disk')) },
    })
    using client = await begin(door.port)
    client.send(`${header}.\r\n`)
    await client.expect(451)
    await client.command('NOOP', 250)
  })

  for (const [title, limits, end] of [
    ['whose client goes away', {}, (client: TestClient) => client.socket.destroy()],
    ['whose client falls silent', { idleMs: 100 }, () => {}],
    ['that takes too long', { dataMs: 100 }, () => {}],
  ] as const)
    test(`${title} is never whole to the policy`, async () => {
      const { policy, ended } = recorder()
      await using door = await openTestDoor({ limits, policy })
      using client = await begin(door.port)
      client.send(`${header}text\r\n`)
      end(client)
      if (!client.socket.destroyed) await client.expect(421)
      assert.ok((await ended) instanceof ContentError)
      await client.closed()
    })
})

/** What its `message` ended with. */
function recorder(): { policy: Partial<SmtpPolicy>; ended: Promise<unknown> } {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const policy: Partial<SmtpPolicy> = {
    async message(_, content) {
      try {
        for await (const piece of content) assert.ok(piece.length > 0)
        resolve(undefined)
      } catch (error) {
        resolve(error)
        throw error
      }
      return kept
    },
  }
  return { policy, ended: promise }
}

describe('a door that closes', () => {
  test('says 421 to the idle, lets a message end, and takes nobody else', async () => {
    await using door = await openTestDoor()
    using idle = await dial(door.port)
    await idle.command('EHLO a', 250)
    using busy = await begin(door.port)
    const closing = door.server.close(5_000)
    await idle.expect(421)
    await idle.closed()
    await assert.rejects(dial(door.port))
    busy.send(`${header}.\r\n`)
    await busy.expect(250)
    await busy.expect(421)
    await closing
    assert.equal(door.messages.length, 1)
    assert.equal(door.server.connections, 0)
  })

  test('cuts what has not ended in time', async () => {
    await using door = await openTestDoor()
    using busy = await begin(door.port)
    const cut = once(busy.socket, 'close')
    await door.server.close(50)
    await cut
    assert.equal(door.messages.length, 0)
  })
})
