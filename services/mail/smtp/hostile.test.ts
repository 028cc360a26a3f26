import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { eventually } from '#platform/testing/eventually.ts'
import { dial, openTestDoor, stalled, type TestClient } from './testing.ts'

const header = 'From: e@e.example\r\nSubject: a\r\n\r\n'
const smuggled =
  'MAIL FROM:<root@ours.example>\r\nRCPT TO:<ann@ours.example>\r\nDATA\r\nFrom: x\r\n\r\nx\r\n.\r\n'

async function begin(port: number, recipient = 'ann@ours.example'): Promise<TestClient> {
  const client = await dial(port)
  client.send(`EHLO a\r\nMAIL FROM:<e@e.example>\r\nRCPT TO:<${recipient}>\r\nDATA\r\n`)
  for (const code of [250, 250, 250, 354]) await client.expect(code)
  return client
}

describe('an end of DATA that is none', () => {
  for (const ending of [
    '\n.\n',
    '\r\n.\n',
    '\n.\r\n',
    '\r\r\n.\r\r\n',
    '\r.\r',
    '\r.\r\n',
    '\r\n.\r',
    '\r\n\0.\r\n',
    '\r\n.\0\r\n',
    '\r\0\n.\r\n',
    '\r\n.\r\0\n',
  ])
    test(`${JSON.stringify(ending)} is refused, and nothing after it is a command`, async () => {
      await using door = await openTestDoor()
      using together = await begin(door.port)
      together.send(`${header}text${ending}${smuggled}`)
      await together.expect(550)
      assert.equal(await together.closed(), '')

      using apart = await begin(door.port)
      apart.send(`${header}text${ending}`)
      await turn()
      apart.send(smuggled)
      await apart.expect(550)
      assert.equal(await apart.closed(), '')
      assert.equal(door.messages.length, 0)
    })

  test('stands in a message of our own people as text', async () => {
    await using door = await openTestDoor({ kind: 'submission', policy: { authentication: anybody } })
    for (const ending of [
      '\n.\n',
      '\r\n.\n',
      '\n.\r\n',
      '\r\r\n.\r\r\n',
      '\r.\r',
      '\r.\r\n',
      '\r\n.\r',
      '\0',
    ]) {
      using client = await dial(door.port)
      await client.command('EHLO a', 250)
      await client.startTls()
      await client.command('EHLO a', 250)
      await client.command(`AUTH PLAIN ${Buffer.from('\0ann\0secret').toString('base64')}`, 235)
      await client.mail('ann@ours.example', ['x@else.example'], `${header}text${ending}MAIL FROM:<>\r\n`)
      await client.command('QUIT', 221)
    }
    assert.equal(door.messages.length, 8)
    for (const { content, isRepaired } of door.messages) {
      assert.equal(isRepaired, true)
      assert.doesNotMatch(content.toString('latin1'), /\r(?!\n)|(?<!\r)\n|\0/)
      assert.match(content.toString('latin1'), /MAIL FROM:<>\r\n/)
    }
  })
})

const anybody = { checkPassword: async () => ({ accountId: '1', address: 'ann@ours.example' }) }

describe('a message is refused', () => {
  const rows: [string, string, number, string][] = [
    ['with a bare CR', `${header}a\rb\r\n`, 550, '5.6.11'],
    ['with a bare LF', `${header}a\nb\r\n`, 550, '5.6.11'],
    ['with NUL', `${header}a\0b\r\n`, 550, '5.6.11'],
    ['with two From fields', `From: a@a.example\r\nSubject: x\r\nfRoM : b@b.example\r\n\r\n`, 550, '5.7.1'],
    [
      'with a second From far away',
      `From\t  : a@a.example\r\n${'X: y\r\n z\r\n'.repeat(9_000)}From:b\r\n\r\n`,
      550,
      '5.7.1',
    ],
    ['with no From field', 'Subject: x\r\n From: a@a.example\r\nX-From: a\r\n\r\nFrom: a\r\n', 550, '5.7.1'],
    ['with nothing in it', '', 550, '5.7.1'],
    ['with a header of 10 MB', `From: a\r\nX: ${'a'.repeat(10_000_000)}\r\n\r\n`, 552, '5.3.4'],
    ['with a header of many lines', `From: a\r\n${'X: y\r\n'.repeat(200_000)}\r\n`, 552, '5.3.4'],
    [
      'with 150 Received fields',
      `${'Received: from a\r\n by b\r\n'.repeat(150)}From: a\r\n\r\n`,
      554,
      '5.4.6',
    ],
    ['above the size', `${header}${'a'.repeat(998)}\r\n`.repeat(13_000), 552, '5.3.4'],
  ]
  test('for what stands in it, and the session goes on unless its end is in doubt', async () => {
    await using door = await openTestDoor({ limits: { messageBytes: 12_000_000 } })
    for (const [title, content, code, enhanced] of rows) {
      using client = await begin(door.port)
      client.send(content)
      client.send('.\r\n')
      const answer = await client.expect(code)
      assert.equal(answer.split(' ')[1], enhanced, title)
      if (enhanced === '5.6.11') assert.equal(await client.closed(), '', title)
      else await client.command('NOOP', 250)
    }
    assert.equal(door.messages.length, 0)
  })

  test('not for 100 Received fields, nor for one From field in whatever form', async () => {
    await using door = await openTestDoor()
    for (const content of [
      `${'Received: from a\r\n'.repeat(100)}From: a\r\n\r\n`,
      'FROM:\r\n a@a.example\r\n\r\nFrom: b\r\n',
      'From e@e.example Sat Jan  3 01:05:34 1996\r\nFrom : a\r\nFrom-Somewhere: b\r\n\r\n',
      'From: a\r\n',
    ]) {
      using client = await begin(door.port)
      client.send(`${content}.\r\n`)
      await client.expect(250)
    }
  })

  test('above twice the size without waiting for its end', async () => {
    await using door = await openTestDoor({ limits: { messageBytes: 100_000 } })
    using client = await begin(door.port)
    client.send(header + `${'a'.repeat(98)}\r\n`.repeat(3_000))
    await client.expect(552)
    await client.closed()
  })
})

describe('a client is sent away', () => {
  test('for a command line of 70,000', async () => {
    await using door = await openTestDoor()
    for (const end of ['\r\n', '']) {
      using client = await dial(door.port)
      client.send(`EHLO ${'a'.repeat(70_000)}${end}NOOP\r\n`)
      await client.expect(500)
      assert.equal(await client.closed(), '')
    }
    using client = await dial(door.port)
    await client.command(`NOOP ${'a'.repeat(2_041)}`, 250)
  })

  test('for commands after STARTTLS in the same packet', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    client.send('EHLO a\r\nSTARTTLS\r\nMAIL FROM:<>\r\n')
    await client.expect(250)
    await client.expect(554)
    assert.equal(await client.closed(), '')
  })

  test('for commands in clear where TLS should begin', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    await client.command('STARTTLS', 220)
    client.send('EHLO a\r\nMAIL FROM:<>\r\n')
    assert.doesNotMatch(await client.closed(), /^[23]/m)
  })

  test('for going away where TLS should begin', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    await client.command('STARTTLS', 220)
    client.socket.end()
    assert.equal(await client.closed(), '')
    await eventually(() => door.server.connections === 0)
  })

  test('for talking before the greeting, but for waiting it is known', async () => {
    await using door = await openTestDoor({ limits: { greetingDelayMs: 100 } })
    using client = await dial(door.port, { greeting: undefined })
    client.send('EHLO a\r\n')
    await client.expect(421)
    assert.equal(await client.closed(), '')
    using patient = await dial(door.port)
    await patient.command('EHLO a', 250)
    const startedAt = performance.now()
    using again = await dial(door.port)
    assert.ok(performance.now() - startedAt < 90)
    await again.command('EHLO a', 250)
  })

  test('for HTTP', async () => {
    await using door = await openTestDoor()
    for (const line of ['GET / HTTP/1.1', 'POST /mail HTTP/1.1', 'CONNECT ours.example:25 HTTP/1.0']) {
      using client = await dial(door.port)
      client.send(`${line}\r\nHost: x\r\n\r\nEHLO a\r\n`)
      await client.expect(421)
      assert.equal(await client.closed(), '')
    }
  })

  test('for TLS where none is', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    client.send(Buffer.from('1603010200010001fc0303', 'hex'))
    assert.equal(await client.closed(), '')
  })

  test('for 25 wrong commands', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    for (let count = 1; count < 25; count++) await client.command('FROB', 500)
    await client.command('FROB', 421)
    assert.equal(await client.closed(), '')
  })

  test('for a recipient list gone through, and for talk without mail', async () => {
    await using door = await openTestDoor({ limits: { idleCommands: 20 } })
    using harvester = await dial(door.port)
    await harvester.command('EHLO a', 250)
    await harvester.command('MAIL FROM:<>', 250)
    for (let count = 2; count < 20; count++) await harvester.command(`RCPT TO:<x${count}@ours.example>`, 550)
    await harvester.command('RCPT TO:<x@ours.example>', 421)
    using idler = await dial(door.port)
    for (let count = 1; count < 20; count++) await idler.command('NOOP', 250)
    await idler.command('NOOP', 421)
  })

  test('for lines that end with LF alone', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    client.send('EHLO a\nNOOP\r\n')
    await client.expect(500)
    assert.equal(await client.closed(), '')
  })

  test('for silence, also in the middle of a line', async () => {
    await using door = await openTestDoor({ limits: { idleMs: 100 } })
    using client = await dial(door.port)
    await client.expect(421)
    await client.closed()
    using slow = await dial(door.port)
    const timer = setInterval(() => slow.send('N'), 20)
    await slow.expect(421)
    clearInterval(timer)
  })

  test('for too many connections from one address, until one is closed', async () => {
    await using door = await openTestDoor({ limits: { connectionsPerAddress: 2 } })
    using first = await dial(door.port)
    using second = await dial(door.port)
    await second.command('NOOP', 250)
    using third = await dial(door.port, { greeting: 421 })
    assert.equal(await third.closed(), '')
    await first.command('QUIT', 221)
    await first.closed()
    await eventually(() => door.server.connections === 1)
    using fourth = await dial(door.port)
    await fourth.command('NOOP', 250)
  })

  test('for too many connections in all', async () => {
    await using door = await openTestDoor({ limits: { connections: 1 } })
    using first = await dial(door.port)
    await first.command('NOOP', 250)
    using second = await dial(door.port, { greeting: 421 })
    assert.equal(await second.closed(), '')
  })

  test('after enough messages, and never in the middle of one', async () => {
    await using door = await openTestDoor({ limits: { messagesPerConnection: 2 } })
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    await client.mail('', ['ann@ours.example'], header)
    await client.mail('', ['ann@ours.example'], header)
    await client.command('MAIL FROM:<>', 421)
    await client.closed()
  })
})

describe('recipients', () => {
  test('that would be relayed are refused', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    await client.command('MAIL FROM:<e@e.example>', 250)
    for (const path of [
      'v%victim.example@ours.example',
      '@ours.example:v@victim.example',
      '"v@victim.example"@ours.example',
      'victim.example!v@ours.example',
      'v@victim.example',
    ])
      await client.command(`RCPT TO:<${path}>`, 550)
  })

  test('above 100 wait for another transaction', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    const recipients = Array.from({ length: 3_000 }, (_, index) => `RCPT TO:<u${index}@ours.example>\r\n`)
    client.send(`EHLO a\r\nMAIL FROM:<>\r\n${recipients.join('')}DATA\r\n${header}.\r\n`)
    await client.expect(250)
    await client.expect(250)
    for (let index = 0; index < 3_000; index++) await client.expect(index < 100 ? 250 : 452)
    await client.expect(354)
    await client.expect(250)
    assert.equal(door.messages[0]?.recipients.length, 100)
  })
})

test('a client that never reads its answers is not given more', async () => {
  let asked = 0
  await using door = await openTestDoor({
    limits: { idleCommands: 1e9 },
    policy: {
      async mailFrom() {
        asked++
        return { code: 450, enhanced: '4.7.1', text: 'x'.repeat(400) }
      },
    },
  })
  using client = await dial(door.port)
  await client.command('EHLO a', 250)
  client.socket.pause()
  const commands = 200_000
  client.send('MAIL FROM:<>\r\n'.repeat(commands))
  await stalled(() => asked)
  // What the kernel takes of answers on both sides is a few megabytes.
  assert.ok(asked < commands / 2, `${asked} answered`)
})

const word = fc.oneof(
  fc.constantFrom(
    'EHLO a',
    'MAIL FROM:<e@e.example>',
    'RCPT TO:<ann@ours.example>',
    'DATA',
    'BDAT 9',
    'BDAT 3 LAST',
  ),
  fc.constantFrom(
    'RSET',
    'STARTTLS',
    'AUTH PLAIN',
    'AUTH LOGIN',
    'QUIT',
    '.',
    'From: a',
    '',
    'NOOP',
    '*',
    'YQ==',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
const end = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r', '', '\0', '\r\n.\r\n')
const packet = fc.array(fc.tuple(word, end), { maxLength: 8 }).map((pairs) => pairs.flat().join(''))
const packets = fc.array(packet, { maxLength: 12 })

for (const [kind, numRuns] of [
  ['receive', 300],
  ['submissions', 60],
] as const)
  test(`no octets in no packets crash or hang a session of ${kind}`, async () => {
    await using door = await openTestDoor({
      kind,
      limits: { lingerMs: 50, connectionsPerAddress: 1_000 },
      policy: { authentication: anybody },
    })
    const options = { tls: kind === 'submissions' }
    await fc.assert(
      fc.asyncProperty(packets, async (packets) => {
        using client = await dial(door.port, options)
        for (const packet of packets) {
          client.send(packet)
          await turn()
        }
        client.socket.end()
        await client.closed()
      }),
      { numRuns },
    )
    await eventually(() => door.server.connections === 0)
    using client = await dial(door.port, options)
    await client.command('EHLO a', 250)
  })
