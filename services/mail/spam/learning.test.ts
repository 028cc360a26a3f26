import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseMessage } from '../mime/parse.ts'
import { extractFeatures, judgeSpam } from './judge.ts'
import { createDelta, learn, readDelta, takeBack, writeDelta } from './learning.ts'
import { loadShippedModel, readModel, writeModel } from './model.ts'

const shipped = loadShippedModel()
const letter = (subject: string, text: string) =>
  parseMessage(
    Buffer.from(
      `From: Shop <news@shop.example>\r\nSubject: ${subject}\r\nDate: Mon, 2 Feb 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\n${text}\r\n`,
    ),
  )
const candles = letter(
  'Candles of the month',
  'New candles are in the shop, cedar and fig. Come and smell them.',
)
const lamps = letter('Lamps of the month', 'New lamps are in the shop, brass and glass. Come and see them.')

test('a correction moves this message and those like it', () => {
  const account = createDelta()
  const before = judgeSpam(lamps, {}, { shipped, account }).score
  for (let time = 0; time < 3; time++) learn({ shipped, account }, extractFeatures(candles, {}), 'spam')
  assert.equal(account.trainings, 3)
  assert.ok(judgeSpam(candles, {}, { shipped, account }).score > 1)
  assert.ok(judgeSpam(lamps, {}, { shipped, account }).score > before + 0.5)
})

test('what is known already is hardly learned again', () => {
  const account = createDelta()
  const features = extractFeatures(candles, {})
  const first = learn({ shipped, account }, features, 'spam')
  for (let time = 0; time < 10; time++) learn({ shipped, account }, features, 'spam')
  const last = learn({ shipped, account }, features, 'spam')
  assert.ok(first.steps[1] > 5 * last.steps[1], `${first.steps[1]} ${last.steps[1]}`)
})

test('a training is taken back exactly, whatever was learned since', () => {
  const account = createDelta()
  const without = createDelta()
  const one = extractFeatures(candles, {})
  const other = extractFeatures(lamps, { authentication: { dmarc: 'pass' } })
  const training = learn({ shipped, account }, one, 'spam')
  const later = learn({ shipped, account }, other, 'ham')
  assert.ok(takeBack(account, one, training))
  assert.ok(
    takeBack(without, other, {
      ...later,
      steps: [-later.steps[0], -later.steps[1], -later.steps[2]],
      bias: -later.bias,
    }),
  )
  assert.deepEqual(account.weights, without.weights)
  assert.ok(takeBack(account, other, later))
  assert.deepEqual({ ...account }, createDelta())
})

test('features of another version are not taken back', () => {
  const account = createDelta()
  const features = extractFeatures(candles, {})
  const training = learn({ shipped, account }, features, 'spam')
  const learned = writeDelta(account)
  assert.equal(takeBack(account, { ...features, version: 0 }, training), false)
  assert.deepEqual(writeDelta(account), learned)
})

test('an account fits 256 kB and is read as it was written', () => {
  const account = createDelta()
  assert.ok(writeDelta(account).length < 20)
  learn({ shipped, account }, extractFeatures(candles, {}), 'spam')
  assert.ok(writeDelta(account).length < 4000)
  assert.deepEqual(readDelta(writeDelta(account)), account)
  account.weights.forEach((_, place) => (account.weights[place] = place % 2 ? 500_000 : -500_000))
  assert.ok(writeDelta(account).length <= 256_000, String(writeDelta(account).length))
  assert.deepEqual(readDelta(writeDelta(account)), account)
})

test('any weights are read as they were written', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(65_535), fc.integer({ min: -500_000, max: 500_000 })), { maxLength: 50 }),
      (weights) => {
        const delta = createDelta()
        for (const [place, weight] of weights) delta.weights[place] = weight
        assert.deepEqual(readDelta(writeDelta(delta)), delta)
      },
    ),
    { numRuns: 20 },
  )
})

test('bytes that are no weights are refused', () => {
  assert.throws(() => readDelta(Buffer.from('nonsense')), /no learned weights/)
  assert.throws(
    () => readDelta(Buffer.concat([writeDelta(createDelta()), Buffer.from([255, 255])])),
    /end too early/,
  )
  assert.throws(
    () => readDelta(Buffer.concat([writeDelta(createDelta()), Buffer.from([254, 255, 255, 255, 127])])),
    /too many/,
  )
  assert.throws(() => readModel(Buffer.alloc(10)), /no spam model/)
  assert.deepEqual(readModel(writeModel(shipped)), shipped)
})

test('weights stay below their bound however often one message is learned against all others', () => {
  const account = createDelta()
  const features = extractFeatures(candles, {})
  account.weights.fill(499_900)
  const before = writeDelta(account)
  const training = learn({ shipped, account }, { ...features, offset: -1e6 }, 'spam')
  if (training.steps.every((step) => step === 0)) assert.deepEqual(writeDelta(account), before)
  assert.ok(account.weights.every((weight) => weight <= 500_000))
})
