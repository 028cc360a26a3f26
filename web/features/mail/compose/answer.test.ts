import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MailAddress, Message } from '#contracts/mail/messages.ts'
import { answerTo, withList } from './answer.ts'

const people = (...addresses: string[]): MailAddress[] => addresses.map((address) => ({ name: '', address }))
const own = ['mina@sweets.example', 'sales@sweets.example']

function message(part: Partial<Message>): Message {
  return {
    id: 'm',
    from: people('karim@farm.example'),
    replyTo: [],
    to: people('mina@sweets.example'),
    cc: [],
    subject: 'Sugar',
    isOwn: false,
    ...part,
  } as Message
}

const addresses = ({ to, cc }: ReturnType<typeof answerTo>) =>
  [to, cc].map((list) => list.map(({ address }) => address))

test('a reply goes to the sender, or where the sender wants it', () => {
  assert.deepEqual(addresses(answerTo(message({}), 'reply', own)), [['karim@farm.example'], []])
  const redirected = message({ replyTo: people('orders@farm.example') })
  assert.deepEqual(addresses(answerTo(redirected, 'reply', own)), [['orders@farm.example'], []])
})

test('a reply to all goes to everybody once, and not to oneself', () => {
  const many = message({
    to: people('MINA@sweets.example', 'rahim@sweets.example', 'Karim@Farm.example'),
    cc: people('rahim@sweets.example', 'sales@sweets.example', 'das@b.example'),
  })
  assert.deepEqual(addresses(answerTo(many, 'replyAll', own)), [
    ['karim@farm.example'],
    ['rahim@sweets.example', 'das@b.example'],
  ])
})

test('who answers an own message writes on to those it went to', () => {
  const sent = message({
    isOwn: true,
    from: people('mina@sweets.example'),
    to: people('karim@farm.example'),
    cc: people('rahim@sweets.example'),
  })
  assert.deepEqual(addresses(answerTo(sent, 'reply', own)), [['karim@farm.example'], []])
  assert.deepEqual(addresses(answerTo(sent, 'replyAll', own)), [
    ['karim@farm.example'],
    ['rahim@sweets.example'],
  ])
})

test('an answer to all goes to the list too, once', () => {
  const answer = answerTo(message({ to: people('bakers@lists.example') }), 'replyAll', own)
  assert.deepEqual(addresses(withList(answer, 'Bakers@lists.example'))[1], ['bakers@lists.example'])
  assert.deepEqual(addresses(withList(answer, 'talk@lists.example'))[1], [
    'bakers@lists.example',
    'talk@lists.example',
  ])
  assert.equal(withList(answer, null), answer)
})

test('it is written from the address that the message came to', () => {
  const from = (part: Partial<Message>) => answerTo(message(part), 'reply', own).from
  assert.equal(from({ to: people('Sales@sweets.example') }), 'sales@sweets.example')
  assert.equal(from({ to: people('list@farm.example') }), undefined)
})

test('marks of answers stand once', () => {
  const table = [
    ['Sugar', 'Re: Sugar', 'Fwd: Sugar'],
    ['Re: Sugar', 'Re: Sugar', 'Fwd: Sugar'],
    ['RE: re[2]: FW: Sugar', 'Re: Sugar', 'Fwd: Sugar'],
    ['AW: WG: Zucker', 'Re: Zucker', 'Fwd: Zucker'],
    ['Regarding sugar', 'Re: Regarding sugar', 'Fwd: Regarding sugar'],
    ['', 'Re:', 'Fwd:'],
  ] as const
  for (const [subject, reply, forward] of table) {
    assert.equal(answerTo(message({ subject }), 'reply', own).subject, reply)
    assert.equal(answerTo(message({ subject }), 'forward', own).subject, forward)
  }
})

test('a forwarded message goes to nobody yet, and says what it forwards', () => {
  const { to, cc, answers, forwards } = answerTo(message({}), 'forward', own)
  assert.deepEqual([to, cc, answers, forwards], [[], [], null, 'm'])
  assert.equal(answerTo(message({}), 'reply', own).answers, 'm')
})

test('a subject of nothing but marks does not take long', () => {
  const startedAt = performance.now()
  answerTo(message({ subject: 'Re: '.repeat(50_000) }), 'reply', own)
  assert.ok(performance.now() - startedAt < 2000)
})
