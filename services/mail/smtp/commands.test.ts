import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dial, openTestDoor } from './testing.ts'

const message = 'From: eve@else.example\r\nSubject: hello\r\n\r\ntext'

describe('a session', () => {
  test('takes a message and hands it on with its envelope', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    await client.command('EHLO else.example', 250)
    await client.mail('eve@else.example', ['Ann@OURS.example', 'bob@ours.example'], `${message}\r\n..a`)
    await client.command('QUIT', 221)
    assert.equal(await client.closed(), '')
    const [received] = door.messages
    assert.equal(received?.sender, 'eve@else.example')
    assert.deepEqual(received?.recipients, ['Ann@ours.example', 'bob@ours.example'])
    assert.equal(received?.content.toString(), `${message}\r\n.a\r\n`)
    assert.equal(received?.session.helo, 'else.example')
    assert.equal(received?.session.client.address, '127.0.0.1')
  })

  test('offers what it can do, and TLS only where there is a certificate', async () => {
    await using door = await openTestDoor({ limits: { messageBytes: 1_000 } })
    await using plain = await openTestDoor({ hasCertificate: false })
    using client = await dial(door.port)
    const offers = (await client.command('EHLO a', 250)).split('\r\n').map((line) => line.slice(4))
    const [name, ...extensions] = offers
    assert.equal(name, 'mx.ours.example')
    assert.deepEqual(extensions, [
      'PIPELINING',
      'SIZE 1000',
      'STARTTLS',
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
      'DSN',
      'SMTPUTF8',
      'CHUNKING',
      'LIMITS RCPTMAX=100 MAILMAX=1000',
    ])
    using other = await dial(plain.port)
    assert.doesNotMatch(await other.command('EHLO a', 250), /STARTTLS/)
    await other.command('STARTTLS', 454)
    assert.equal(await other.command('HELO a', 250), '250 mx.ours.example')
  })

  test('takes many commands in one packet and answers each in order', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    const lines = [
      'EHLO a',
      'MAIL FROM:<>',
      'RCPT TO:<ann@ours.example>',
      'RCPT TO:<zoe@ours.example>',
      'DATA',
    ]
    const second = ['MAIL FROM:<e@e.example>', 'RCPT TO:<bob@ours.example>', 'DATA', message, '.', 'QUIT']
    client.send([...lines, message, '.', ...second, ''].join('\r\n'))
    for (const code of [250, 250, 250, 550, 354, 250, 250, 250, 354, 250, 221]) await client.expect(code)
    assert.deepEqual(
      door.messages.map(({ sender, recipients }) => [sender, ...recipients]),
      [
        ['', 'ann@ours.example'],
        ['e@e.example', 'bob@ours.example'],
      ],
    )
  })

  test('keeps the order of commands', async () => {
    await using door = await openTestDoor({ limits: { badCommands: 100 } })
    using client = await dial(door.port)
    await client.command('MAIL FROM:<a@a.example>', 503)
    await client.command('EHLO', 501)
    await client.command('EHLO a b', 501)
    await client.command('helo a', 250)
    await client.command('RCPT TO:<ann@ours.example>', 503)
    await client.command('DATA', 503)
    await client.command('mail from:<a@a.example>', 250)
    await client.command('MAIL FROM:<a@a.example>', 503)
    await client.command('DATA', 554)
    await client.command('RCPT TO:<zoe@ours.example>', 550)
    await client.command('DATA', 554)
    await client.command('Rcpt To: <postmaster>', 250)
    await client.command('DATA now', 501)
    await client.command('RSET', 250)
    await client.command('DATA', 503)
    await client.command('MAIL FROM:<a@a.example>', 250)
    await client.command('EHLO a', 250)
    await client.command('RCPT TO:<ann@ours.example>', 503)
    await client.command('', 500)
    await client.command('FROB', 500)
    await client.command('NOOP whatever', 250)
    await client.command('HELP', 214)
  })

  test('tells nobody who has a mailbox', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    assert.equal(await client.command('VRFY ann', 252), await client.command('VRFY zoe', 252))
    await client.command('EXPN staff', 502)
  })

  test('asks once for a recipient named twice', async () => {
    const asked: string[] = []
    await using door = await openTestDoor({
      policy: {
        async recipient(_, { path }) {
          asked.push(path.address)
          return undefined
        },
      },
    })
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    await client.mail('', ['a@ours.example', 'a@OURS.example', 'b@ours.example'], message)
    assert.deepEqual(asked, ['a@ours.example', 'b@ours.example'])
    assert.deepEqual(door.messages[0]?.recipients, ['a@ours.example', 'b@ours.example'])
  })

  test('answers what the policy says, made fit for the wire', async () => {
    await using door = await openTestDoor({
      policy: {
        mailFrom: async () => ({ code: 450, enhanced: '4.7.1', text: 'wait\r\n250 a\tক\nthen come' }),
      },
    })
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    const answer = await client.command('MAIL FROM:<a@a.example>', 450)
    assert.equal(answer, '450-4.7.1 wait?\r\n450-4.7.1 250 a??\r\n450 4.7.1 then come')
  })

  test('says 451 where the policy fails, and goes on', async () => {
    let isBroken = true
    await using door = await openTestDoor({
      policy: {
        async mailFrom() {
          if (isBroken) throw new Error('the database is away')
          return undefined
        },
      },
    })
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    const answer = await client.command('MAIL FROM:<a@a.example>', 451)
    assert.doesNotMatch(answer, /database/)
    isBroken = false
    await client.mail('a@a.example', ['ann@ours.example'], message)
  })

  test('ends with a 421 of the policy, and with a refused greeting', async () => {
    await using door = await openTestDoor({
      policy: { mailFrom: async () => ({ code: 421, enhanced: '4.7.0', text: 'Go' }) },
    })
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    await client.command('MAIL FROM:<a@a.example>', 421)
    await client.closed()
    await using shut = await openTestDoor({
      policy: { connect: async () => ({ code: 554, enhanced: '5.7.1', text: 'Blocked' }) },
    })
    using blocked = await dial(shut.port, { greeting: 554 })
    assert.equal(await blocked.closed(), '')
  })

  test('answers a client that has closed its half already', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    client.send(`HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<ann@ours.example>\r\nDATA\r\n${message}\r\n.\r\n`)
    client.socket.end()
    for (const code of [250, 250, 250, 354, 250]) await client.expect(code)
    await client.closed()
    assert.equal(door.messages.length, 1)
  })
})

describe('parameters', () => {
  const rows: [string, number][] = [
    ['MAIL FROM:<a@a.example> SIZE=99e9', 552],
    ['MAIL FROM:<a@a.example> SIZE=99000000000', 552],
    ['MAIL FROM:<a@a.example> SIZE=99999999999999999999999', 552],
    ['MAIL FROM:<a@a.example> SIZE=-1', 501],
    ['MAIL FROM:<a@a.example> SIZE=', 501],
    ['MAIL FROM:<a@a.example> SIZE', 501],
    ['MAIL FROM:<a@a.example> SIZE=x', 501],
    ['MAIL FROM:<a@a.example> SIZE=1 SIZE=1', 501],
    ['MAIL FROM:<a@a.example> FROB=1', 555],
    ['MAIL FROM:<a@a.example> CONSTRUCTOR', 555],
    ['MAIL FROM:<a@a.example> REQUIRETLS', 555],
    ['MAIL FROM:<a@a.example> BODY=BINARYMIME', 501],
    ['MAIL FROM:<a@a.example> SMTPUTF8=yes', 501],
    ['MAIL FROM:<a@a.example> RET=ALL', 501],
    ['MAIL FROM:<a@a.example> ENVID=a+zz', 501],
    [`MAIL FROM:<a@a.example> ENVID=${'a'.repeat(101)}`, 501],
    ['MAIL FROM:a@a.example', 501],
    ['MAIL <a@a.example>', 501],
    ['MAIL FROM:<a@a.example>SIZE=1', 501],
    ['MAIL FROM:<@ours.example:a@a.example>', 550],
    ['MAIL FROM:<ক@a.example>', 553],
    ['MAIL FROM:<a@a.example> SIZE=5 BODY=8bitmime SMTPUTF8 RET=hdrs ENVID=a+2Bb AUTH=<>', 250],
    ['RCPT TO:<ann@ours.example> NOTIFY=NEVER,SUCCESS', 501],
    ['RCPT TO:<ann@ours.example> ORCPT=ann@ours.example', 501],
    ['RCPT TO:<ann@ours.example> ORCPT=x400;a', 501],
    ['RCPT TO:<ann@ours.example> SIZE=1', 555],
    ['RCPT TO:<>', 501],
    ['RCPT TO:<ক@ours.example>', 550],
    ['RCPT TO:<ann@ours.example> NOTIFY=success,Delay ORCPT=rfc822;ann+2Bx@old.example', 250],
  ]
  test('are read exactly', async () => {
    await using door = await openTestDoor({ limits: { badCommands: 100 } })
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    for (const [line, code] of rows) await client.command(line, code)
    await client.command('DATA', 354)
    client.send(`${message}\r\n.\r\n`)
    await client.expect(250)
    const { sender, recipients } = door.messages[0]!.transaction
    assert.deepEqual(
      { ...sender, path: sender.path?.address },
      {
        path: 'a@a.example',
        declaredBytes: 5,
        body: '8BITMIME',
        isInternational: true,
        returns: 'HDRS',
        envelopeId: 'a+b',
      },
    )
    assert.deepEqual(recipients[0]?.notify, ['SUCCESS', 'DELAY'])
    assert.deepEqual(recipients[0]?.originalRecipient, { type: 'rfc822', address: 'ann+x@old.example' })
  })

  test('international addresses are refused where nobody said SMTPUTF8', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    await client.command('MAIL FROM:<a@a.example>', 250)
    await client.command('RCPT TO:<ক@ours.example>', 553)
    client.send(Buffer.from('RCPT TO:<\xff@ours.example>\r\n', 'latin1'))
    await client.expect(500)
  })
})

describe('BDAT', () => {
  test('is counted in octets, and what follows is a command', async () => {
    await using door = await openTestDoor()
    using client = await dial(door.port)
    await client.command('EHLO a', 250)
    const text = 'From: e@e.example\r\n\r\n.\r\n..a\r\nRSET\r\nb'
    for (let cut = 0; cut <= text.length; cut++) {
      client.send('MAIL FROM:<>\r\nRCPT TO:<ann@ours.example>\r\n')
      client.send(`BDAT ${cut}\r\n${text.slice(0, cut)}BDAT ${text.length - cut} last\r\n${text.slice(cut)}`)
      for (const code of [250, 250, 250, 250]) await client.expect(code)
    }
    await client.command('QUIT', 221)
    assert.equal(door.messages.length, text.length + 1)
    for (const { content } of door.messages) assert.equal(content.toString(), text)
  })

  test('swallows the chunks that it refuses', async () => {
    await using door = await openTestDoor({ limits: { messageBytes: 100 } })
    using client = await dial(door.port)
    client.send('EHLO a\r\nBDAT 6 LAST\r\nRSET\r\nMAIL FROM:<>\r\nBDAT 6\r\nRSET\r\n')
    for (const code of [250, 503, 250, 554]) await client.expect(code)
    client.send(
      `RCPT TO:<ann@ours.example>\r\nBDAT 120\r\n${'RSET\r\n'.repeat(20)}BDAT 6 LAST\r\nRSET\r\nNOOP\r\n`,
    )
    for (const code of [250, 552, 503, 250]) await client.expect(code)
    assert.equal(door.messages.length, 0)
  })

  test('whose length cannot be read, or never ends, closes the connection', async () => {
    await using door = await openTestDoor({ limits: { messageBytes: 100 } })
    for (const [line, code] of [
      ['BDAT x', 501],
      ['BDAT', 501],
      ['BDAT -1 LAST', 501],
      ['BDAT 5 FIRST', 501],
      ['BDAT 99999999999', 552],
    ] as const) {
      using client = await dial(door.port)
      client.send('EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<ann@ours.example>\r\n')
      for (const code of [250, 250, 250]) await client.expect(code)
      client.send(`${line}\r\nNOOP\r\n`)
      await client.expect(code)
      assert.equal(await client.closed(), '')
    }
  })

  test('is not mixed with DATA, and RSET takes it back', async () => {
    const ends: string[] = []
    await using door = await openTestDoor({
      policy: {
        async message(_, content) {
          try {
            for await (const piece of content) assert.ok(piece.length > 0)
          } catch (error) {
            ends.push(String(error))
            throw error
          }
          return { code: 250, enhanced: '2.0.0', text: 'Kept' }
        },
      },
    })
    using client = await dial(door.port)
    client.send('EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<ann@ours.example>\r\nBDAT 3\r\nFro')
    for (const code of [250, 250, 250, 250]) await client.expect(code)
    await client.command('DATA', 503)
    await client.command('RCPT TO:<bob@ours.example>', 503)
    await client.command('RSET', 250)
    assert.deepEqual(ends, ['ContentError: taken back'])
    client.send('BDAT 1 LAST\r\na')
    await client.expect(503)
  })
})
