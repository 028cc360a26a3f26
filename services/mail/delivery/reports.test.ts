import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sql } from 'kysely'
import * as fc from 'fast-check'
import { eventually } from '#platform/testing/eventually.ts'
import { parseMessage } from '../mime/parse.ts'
import { readBounce, recordBounce, type Bounce } from './bounces.ts'
import { addAccount, deliveryScene, letter, ourDomain, startOther, type DeliveryScene } from './testing.ts'

const far = { 'far.example': { MX: ['10 mx.far.example'] }, 'mx.far.example': { A: ['127.0.0.2'] } }
const refuses = {
  onCommand: (line: string) => (line.startsWith('RCPT') ? '550 5.1.1 No such user' : undefined),
}

function read(source: string | Buffer): Promise<Bounce | undefined> {
  const bytes = Buffer.from(source as string, 'latin1')
  return readBounce(parseMessage(bytes), async (start, end) => bytes.subarray(start, end))
}

async function reportTo(scene: DeliveryScene, count = 1): Promise<string> {
  await eventually(() => scene.arrived.length === count)
  return scene.arrived[count - 1]!.source
}

describe('reports we send', () => {
  test('they can be read back, name the message, and are in the thread of it', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port, refuses)
    await using _ = scene.start()
    await scene.send(
      [{ address: 'a@far.example', originalRecipient: { type: 'rfc822', address: 'list@x.example' } }],
      {
        envelopeId: 'my+id=1',
        source: letter('Hello', 'X-More: 1\r\n'),
      },
    )
    const source = await reportTo(scene)
    const message = parseMessage(Buffer.from(source))
    assert.equal(message.structure.mediaType, 'multipart/report')
    assert.deepEqual(message.inReplyTo, [`letter@${ourDomain}`])
    assert.equal(message.envelope.subject, 'Not delivered: A letter')
    assert.match(
      message.text,
      /a@far\.example\s+The answer was: \(mx\.far\.example\) 550 5\.1\.1 No such user/,
    )
    assert.deepEqual(await read(source), {
      envelopeId: 'my+id=1',
      messageId: `letter@${ourDomain}`,
      recipients: [
        {
          addresses: ['a@far.example', 'list@x.example'],
          state: 'failed',
          status: '5.1.1',
          server: 'mx.far.example',
          answer: '550 5.1.1 No such user',
        },
      ],
    })
    assert.doesNotMatch(source, /Hello/)
    assert.equal(other.messages.length, 0)
  })

  test('RET=FULL brings the message back, whole', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port, refuses)
    await using _ = scene.start()
    await scene.send(['a@far.example'], { returns: 'FULL', source: letter('The whole text') })
    assert.match(await reportTo(scene), /Content-Type: message\/rfc822\r\n[^]*\r\n\r\nThe whole text\r\n/)
    assert.equal(other.connections, 1)
  })

  test('they speak the language of the account', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    const accountId = await addAccount(scene.db, { address: `rahima@${ourDomain}`, language: 'bn' })
    await using other = await startOther('127.0.0.2', scene.port, refuses)
    await using _ = scene.start()
    await scene.send(['a@far.example'], { accountId })
    const message = parseMessage(Buffer.from(await reportTo(scene), 'latin1'))
    assert.equal(other.connections, 1)
    assert.equal(message.envelope.subject, 'পৌঁছানো যায়নি: A letter')
    assert.match(message.text, /আপনার বার্তাটি এই ঠিকানায় পৌঁছানো যায়নি/)
  })

  test('NOTIFY decides: never, or of success, where the next server does not tell of it itself', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port, refuses)
    await using _ = scene.start()
    const silent = await scene.send([
      { address: 'a@far.example', notify: 'NEVER' },
      { address: 'b@far.example', notify: ['SUCCESS'] },
    ])
    await scene.become(silent, { 'a@far.example': 'failed', 'b@far.example': 'failed' })
    other.manners = {}
    const passed = await scene.send([{ address: 'c@far.example', notify: ['SUCCESS', 'FAILURE'] }])
    await scene.become(passed, { 'c@far.example': 'relayed' })
    assert.deepEqual(other.messages[0]!.to, ['<c@far.example> NOTIFY=SUCCESS,FAILURE'])
    assert.match(other.messages[0]!.from, new RegExp(` ENVID=${passed}$`))
    scene.names.zone['near.example'] = { MX: ['10 mx.near.example'] }
    scene.names.zone['mx.near.example'] = { A: ['127.0.0.3'] }
    await using plain = await startOther('127.0.0.3', scene.port, { offers: ['8BITMIME'] })
    await scene.send([{ address: 'd@near.example', notify: ['SUCCESS'] }, { address: 'e@near.example' }])
    const source = await reportTo(scene)
    assert.deepEqual(plain.messages[0]!.to, ['<d@near.example>', '<e@near.example>'])
    assert.match(source, /Final-Recipient: rfc822; d@near.example\r\nAction: relayed\r\nStatus: 2\.0\.0/)
    assert.equal(scene.arrived.length, 1)
  })
})

describe('reports we get', () => {
  const postfix = (envelopeId: string) =>
    [
      'From: MAILER-DAEMON@mx.far.example',
      `To: rahima@${ourDomain}`,
      'Subject: Undelivered Mail Returned to Sender',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'I am sorry.',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.far.example',
      `Original-Envelope-Id: ${envelopeId}`,
      'Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000 (UTC)',
      '',
      'Final-Recipient: rfc822; A@far.example',
      'Action: failed',
      'Status: 5.2.2',
      'Remote-MTA: dns; store.far.example',
      'Diagnostic-Code: smtp; 552 5.2.2 Mailbox',
      '    full',
      '',
      '--b',
      'Content-Type: text/rfc822-headers',
      '',
      'Message-ID: <letter@ours.example>',
      '--b--',
      '',
    ].join('\r\n')

  test('one about a message of ours changes its trace; one that came to somebody else does not', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = far
    await using other = await startOther('127.0.0.2', scene.port)
    await using _ = scene.start()
    const id = await scene.send(['a@far.example', 'b@far.example'])
    await scene.become(id, { 'a@far.example': 'relayed', 'b@far.example': 'relayed' })
    assert.equal(other.messages.length, 1)
    const bounce = (await read(postfix(id)))!
    assert.equal(await recordBounce(scene.db, bounce, `stranger@${ourDomain}`), 0)
    assert.equal(await recordBounce(scene.db, bounce, `Rahima@${ourDomain}`), 1)
    const [a, b] = await scene.rows(id)
    assert.deepEqual([a!.state, a!.answer], ['failed', '552 5.2.2 Mailbox full'])
    assert.equal(b!.state, 'relayed')
    assert.equal(await recordBounce(scene.db, bounce, `rahima@${ourDomain}`), 0)
    const { rows } = await sql`select from submissions`.execute(scene.db)
    assert.equal(rows.length, 1)
  })

  test('what is no report is none, and no octets make it throw', async () => {
    assert.equal(await read(letter()), undefined)
    assert.equal(await read(postfix('x').replace('Action: failed', 'Action: expanded')), undefined)
    const good = Buffer.from(postfix('x'))
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.uint8Array({ maxLength: 20 }), async (at, junk) => {
        await read(Buffer.concat([good.subarray(0, at), junk, good.subarray(at + junk.length)]))
      }),
      { numRuns: 300 },
    )
  })
})
