import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { v7 } from 'uuid'
import { noteReceived, noteSent } from '../store/contacts.ts'
import { knownSender } from '../store/senders.ts'
import { openScene, type RulesScene } from './testing.ts'

let scene: RulesScene
before(async () => {
  scene = await openScene()
})
after(() => scene[Symbol.asyncDispose]())

test('preferences are as usual until they are chosen', async () => {
  const client = scene.as(scene.other)
  const usual = await client.showMailPreferences({})
  assert.deepEqual([usual.undoSeconds, usual.images, usual.vacation.isOn], [10, 'ask', false])
  const id = v7()
  const signatures = [{ id, name: 'Work', html: '<p>R.</p>' }]
  const chosen = await client.changeMailPreferences({
    signatures,
    newSignature: id,
    replySignature: v7(),
    undoSeconds: 30,
  })
  assert.deepEqual([chosen.newSignature, chosen.replySignature, chosen.undoSeconds], [id, null, 30])
  assert.equal((await client.changeMailPreferences({ signatures: [] })).newSignature, null)
  assert.equal((await client.showMailPreferences({})).undoSeconds, 30)
  assert.deepEqual((await client.listIdentities({})).items, [
    { name: 'Rahim', address: 'colleague@x.example' },
  ])
})

test('contacts are whom a person writes to and keeps', async () => {
  const client = scene.as(scene.other)
  await noteSent(scene.db, scene.other, [
    { name: 'Zoe', address: 'Zoe@y.example' },
    { name: '', address: 'zoe@y.example' },
    { name: '', address: 'plain@y.example' },
    { name: '', address: 'nonsense' },
  ])
  await noteReceived(scene.db, [
    { accountId: scene.other, name: 'Ad', address: 'ads@y.example' },
    { accountId: v7(), name: 'Gone', address: 'gone@y.example' },
  ])
  await client.saveContact({ address: 'Kept@y.example', name: 'Ayesha' })
  await client.saveContact({ address: 'bad@y.example', rule: 'block' })
  await client.saveContact({ address: '@spam.example', rule: 'block' })
  const list = async (input: Parameters<typeof client.listContacts>[0]) =>
    (await client.listContacts(input)).items.map(({ address }) => address)
  assert.deepEqual(await list({}), ['kept@y.example', 'plain@y.example', 'zoe@y.example'])
  assert.deepEqual(await list({ rule: 'block' }), ['@spam.example', 'bad@y.example'])
  assert.deepEqual(await list({ text: 'OE' }), ['zoe@y.example'])
  assert.deepEqual(await list({ text: '%' }), [])
  const first = await client.listContacts({ limit: 2 })
  assert.deepEqual(await list({ limit: 2, cursor: first.nextCursor! }), ['zoe@y.example'])
  await assert.rejects(client.saveContact({ address: 'no address' }), { code: 'invalid' })

  const complete = async (text: string) =>
    (await client.completeAddress({ text })).items.map(({ address }) => address)
  assert.deepEqual(await complete('zo'), ['zoe@y.example'])
  assert.deepEqual(await complete('akt'), ['me@x.example'], 'people of this house, by any of their names')
  assert.deepEqual(await complete('ad'), [], 'not who only wrote')
  await client.saveContact({ address: 'zoe@y.example', name: 'Zoë Z', rule: 'allow' })
  assert.deepEqual(await list({ rule: 'allow' }), ['zoe@y.example'])
  await client.deleteContact({ address: 'ZOE@y.example' })
  assert.deepEqual(await complete('zo'), [])
})

test('suggestions are operators, people, labels and subjects', async () => {
  const client = scene.as(scene.me)
  await noteSent(scene.db, scene.me, [{ name: 'Hello Kitty', address: 'kitty@y.example' }])
  await client.createLabel({ name: 'Bills' })
  await scene.arrive(scene.me, 'From: a@y.example\r\nSubject: Hello\r\n\r\nhello\r\n')
  const suggest = async (text: string) =>
    (await client.suggestSearches({ text })).items.map(({ kind, query }) => `${kind} ${query}`)
  assert.deepEqual(await suggest('is:un'), ['operator is:unread '])
  assert.ok((await suggest('x fr')).includes('operator x from:'))
  assert.deepEqual(await suggest('-from:kit'), ['person -from:kitty@y.example '])
  assert.deepEqual(await suggest('hello'), ['person from:kitty@y.example ', 'subject subject:"Hello"'])
  assert.ok((await suggest('bil')).includes('label label:bills '))
  for (const text of ['', ' ', '"', 'label:', 'from:', '%', "'", 'from:\\', '((('])
    assert.ok(Array.isArray(await suggest(text)), text)
})

test('a rule for a domain holds for its senders that have none of their own', async () => {
  const client = scene.as(scene.me)
  await client.saveContact({ address: '@ads.example', rule: 'block' })
  await client.saveContact({ address: 'good@ads.example', rule: 'allow' })
  const ruleOf = async (address: string) =>
    (await knownSender(scene.db, [scene.me, scene.other], address))[0]?.rule
  assert.equal(await ruleOf('any@ads.example'), 'block')
  assert.equal(await ruleOf('good@ads.example'), 'allow')
  assert.equal(await ruleOf('any@bads.example'), undefined)
})
