import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'
import { eventually } from '#platform/testing/eventually.ts'
import {
  certificateFor,
  deliveryScene,
  letter,
  startOther,
  type DeliveryScene,
  type Manners,
  type OtherServer,
} from './testing.ts'

const far = { 'far.example': { MX: ['10 mx.far.example'] }, 'mx.far.example': { A: ['127.0.0.2'] } }
const to = 'a@far.example'
const timeouts = { connectMs: 1_000, greetingMs: 300, commandMs: 300, blockMs: 300, endMs: 300 }

/** One message to a server with such manners; gives its trace once the server was tried. */
async function tried(
  manners: Manners,
  work: (
    scene: DeliveryScene,
    other: OtherServer,
    row: { state: string; answer: string; tls: string | null },
    id: string,
  ) => Promise<void> | void,
  source?: string,
) {
  await using scene = await deliveryScene()
  scene.names.zone = far
  await using other = await startOther('127.0.0.2', scene.port, manners)
  await using _ = scene.start({ timeouts, pollMs: 20 })
  const id = await scene.send([to], source === undefined ? {} : { source })
  await eventually(async () => (await scene.states(id))[to] !== 'queued')
  await work(scene, other, (await scene.rows(id))[0]!, id)
}

const scripted =
  (onBytes: (socket: Socket, text: string) => void, greeting = '220 hi\r\n') =>
  (socket: Socket) => {
    socket.write(greeting)
    socket.on('data', (bytes) => onBytes(socket, bytes.toString('latin1')))
  }

describe('servers that misbehave', () => {
  test('answers in pieces of one octet are answers', () =>
    tried(
      {
        onSocket(socket) {
          let isData = false
          const trickle = async (text: string) => {
            for (const character of text) {
              socket.write(character)
              await new Promise((resolve) => setImmediate(resolve))
            }
          }
          void trickle('220-hello\r\n220 there\r\n')
          socket.on('data', (bytes) => {
            const text = bytes.toString('latin1')
            if (isData) {
              if (!text.endsWith('.\r\n')) return
              isData = false
              void trickle('250 taken\r\n')
            } else if (text.startsWith('EHLO')) void trickle('250-there\r\n250 SIZE\r\n')
            else if (text.startsWith('DATA')) {
              isData = true
              void trickle('354 go\r\n')
            } else void trickle('250 ok\r\n')
          })
        },
      },
      (_scene, _other, row) => assert.deepEqual([row.state, row.answer], ['relayed', '250 taken']),
    ))

  for (const [what, manners, answer] of [
    ['that never greets', { greeting: 'silence' }, /no answer in time/],
    [
      'that is silent after DATA',
      { onCommand: (line) => (line === 'DATA' ? 'silence' : undefined) },
      /no answer in time/,
    ],
    ['that is silent after the message', { onMessage: () => 'silence' }, /no answer in time/],
    ['that hangs up after the message', { onMessage: () => 'hangUp' }, /closed the connection/],
    [
      'that hangs up at MAIL',
      { onCommand: (line) => (line.startsWith('MAIL') ? 'hangUp' : undefined) },
      /closed the connection/,
    ],
    ['whose banner does not end', { onSocket: endless }, /does not end/],
    [
      'that speaks something else',
      { onSocket: scripted(() => {}, 'SSH-2.0-OpenSSH_9.2\r\n') },
      /no SMTP reply/,
    ],
    ['whose disk is full', { onMessage: () => '452 4.3.1 Disk full' }, /452 4\.3\.1 Disk full/],
    [
      'that says 421',
      { onCommand: (line) => (line.startsWith('MAIL') ? '421 4.3.2 Leaving' : undefined) },
      /421 4\.3\.2 Leaving/,
    ],
    ['that says 354 at the end', { onMessage: () => '354 What?' }, /354|451/],
  ] satisfies [string, Manners, RegExp][])
    test(`a server ${what} is tried again, and takes the message once`, () =>
      tried(manners, async (scene, other, row, id) => {
        assert.equal(row.state, 'delayed')
        assert.match(row.answer, answer)
        other.manners = {}
        await eventually(async () => {
          scene.pass(400_000)
          return (await scene.states(id))[to] === 'relayed'
        })
        assert.equal(other.messages.length, 1)
      }))

  test('a server that refuses for good is believed: at the greeting, of the sender, of the message', async () => {
    for (const manners of [
      { greeting: '554 5.7.1 Not you' },
      { onCommand: (line: string) => (line.startsWith('MAIL') ? '550 5.7.1 Not you' : undefined) },
      { onCommand: (line: string) => (line === 'DATA' ? '550 5.7.1 Not you' : undefined) },
      { onMessage: () => '550 5.7.1 Not you' },
    ])
      await tried(manners, async (scene, _other, row) => {
        assert.deepEqual([row.state, row.answer.slice(4)], ['failed', '5.7.1 Not you'])
        await eventually(() => scene.arrived.length === 1)
      })
  })

  test('the next host is tried where one does not connect, does not greet, or is not in the mood', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = {
      'far.example': { MX: ['10 none.example', '20 busy.example', '30 rude.example', '40 good.example'] },
      'none.example': { A: ['127.0.0.9'] },
      'busy.example': { A: ['127.0.0.3'] },
      'rude.example': { A: ['127.0.0.4'] },
      'good.example': { A: ['127.0.0.5'] },
    }
    await using busy = await startOther('127.0.0.3', scene.port, { greeting: '421 4.3.2 Busy' })
    await using rude = await startOther('127.0.0.4', scene.port, { greeting: '554 5.3.2 Closed' })
    await using good = await startOther('127.0.0.5', scene.port)
    await using _ = scene.start({ timeouts })
    const id = await scene.send([to])
    await scene.become(id, { [to]: 'relayed' })
    assert.deepEqual([busy.connections, rude.connections, good.messages.length], [1, 1, 1])
  })

  test('a server that closes a connection between messages costs no attempt', () =>
    tried({}, async (scene, other, row) => {
      assert.equal(row.state, 'relayed')
      other.manners = {
        onCommand: (line, { connection }) =>
          line.startsWith('MAIL') && connection === 1 ? '421 4.7.0 Too many' : undefined,
      }
      const second = await scene.send(['b@far.example'])
      await scene.become(second, { 'b@far.example': 'relayed' })
      assert.equal((await scene.rows(second))[0]!.attempts, 1)
      assert.equal(other.connections, 2)
    }))

  test('452 for one recipient too many: the rest follow at once', () =>
    tried(
      {
        onCommand: (() => {
          let accepted = 0
          return (line: string) => {
            if (line.startsWith('MAIL')) accepted = 0
            return line.startsWith('RCPT') && ++accepted > 2 ? '452 4.5.3 Too many recipients' : undefined
          }
        })(),
      },
      async (scene, other) => {
        const all = Array.from({ length: 7 }, (_, n) => `r${n}@far.example`)
        const id = await scene.send(all)
        await scene.become(id, Object.fromEntries(all.map((address) => [address, 'relayed'])))
        assert.deepEqual(
          other.messages.slice(1).map((message) => message.to.length),
          [2, 2, 2, 1],
        )
      },
    ))

  test('what is larger than the server takes is not even begun', () =>
    tried({ offers: ['SIZE 100', '8BITMIME'] }, (_scene, other, row) => {
      assert.equal(row.state, 'failed')
      assert.match(row.answer, /the server takes 100 at most/)
      assert.equal(
        other.commands.some((line) => line.startsWith('MAIL')),
        false,
      )
    }))

  test('8-bit text goes to a server without 8BITMIME in quoted-printable', () =>
    tried(
      { offers: [] },
      (_scene, other, row) => {
        assert.equal(row.state, 'relayed')
        const { content, from } = other.messages[0]!
        assert.equal(from, '<rahima@ours.example>')
        assert.match(content, /^Content-Transfer-Encoding: quoted-printable\r\n/m)
        assert.match(content, /caf=C3=A9\r\n/)
      },
      letter(
        'café',
        'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n',
      ),
    ))

  test('header fields in UTF-8 need SMTPUTF8', async () => {
    const source = letter('Hello', 'X-Place: ঢাকা\r\n')
    await tried(
      { offers: ['8BITMIME'] },
      (_scene, _other, row) =>
        assert.deepEqual([row.state, row.answer.slice(0, 19)], ['failed', 'The server does not']),
      source,
    )
    await tried({}, (_scene, other) => assert.match(other.messages[0]!.from, / SMTPUTF8 /), source)
  })

  test('a line of 70,000 octets never leaves as it is', () =>
    tried(
      {},
      (_scene, other, row) => {
        assert.equal(row.state, 'relayed')
        const longest = Math.max(...other.messages[0]!.content.split('\r\n').map((line) => line.length))
        assert.ok(longest < 100, String(longest))
      },
      letter('x'.repeat(70_000)),
    ))

  test('bare line feeds never leave, nor a dot alone between them', () =>
    tried(
      {},
      (_scene, other, row) => {
        assert.equal(row.state, 'relayed')
        assert.equal(other.messages.length, 1)
        assert.ok(other.messages[0]!.content.endsWith('one\r\n.\r\nMAIL FROM:<x@y>\r\n.\r\ntwo\r\n'))
      },
      `From: a@b\r\n\r\none\n.\nMAIL FROM:<x@y>\r.\r\ntwo`,
    ))
})

describe('STARTTLS', () => {
  const certificate = certificateFor('other.example')
  const offers = ['STARTTLS', '8BITMIME']

  test('it is used where it is offered, whatever the certificate says', () =>
    tried({ offers, certificate }, (_scene, other, row) => {
      assert.deepEqual([row.state, row.tls], ['relayed', 'TLSv1.3'])
      assert.equal(other.messages[0]!.isEncrypted, true)
    }))

  test('where it does not work, mail goes in clear', async () => {
    for (const manners of [
      { offers },
      { offers, onCommand: (line: string) => (line === 'STARTTLS' ? '454 4.7.0 Not now' : undefined) },
      { offers, onCommand: (line: string) => (line === 'STARTTLS' ? '220 Go on' : undefined) },
    ])
      await tried(manners, (_scene, _other, row) => assert.deepEqual([row.state, row.tls], ['relayed', null]))
  })

  test('octets in clear behind the 220 end the conversation, and nothing is sent', () =>
    tried({ offers, certificate, injects: '250 injected\r\n' }, (_scene, other, row) => {
      assert.equal(row.state, 'delayed')
      assert.match(row.answer, /bytes in clear/)
      assert.equal(
        other.commands.some((line) => line.startsWith('MAIL')),
        false,
      )
    }))
})

function endless(socket: Socket): void {
  socket.on('error', () => undefined)
  const go = () => {
    while (socket.writable && socket.write(`220-${'x'.repeat(1000)}\r\n`));
  }
  socket.on('drain', go)
  go()
}
