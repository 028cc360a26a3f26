import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compare, interleave, median } from './bench.ts'

test('contenders are measured in turn, to and fro, after one round that is not counted', async () => {
  const order: string[] = []
  const contender = (name: string) => async () => order.push(name)
  const figures = await interleave({ a: contender('a'), b: contender('b') }, 2)
  assert.equal(order.join(''), 'baabba')
  assert.deepEqual(figures, { a: [3, 6], b: [4, 5] })
})

test('a ratio is our median over the median of the peer', () => {
  const { ratios, table } = compare({ ours: [30, 10, 20], peer: [8, 2] }, 'ours', 'calls/s')
  assert.deepEqual(ratios, { peer: 4 })
  assert.deepEqual(table[1], { name: 'peer', 'calls/s': 5, lowest: 2, highest: 8, 'ours / it': 4 })
})

test('the median of an even number of figures lies between the middle two', () => {
  assert.equal(median([4, 1, 3, 2]), 2.5)
})
