import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallError } from '#contracts/errors.ts'
import { groupCommit } from './group-commit.ts'

test('items given while others are written share the next write, in order, one write at a time', async () => {
  const groups: number[][] = []
  let running = 0
  const add = groupCommit(
    async (items: number[]) => {
      groups.push(items)
      assert.equal(++running, 1)
      await sleep(5)
      running--
    },
    { group: 10, waiting: 100 },
  )
  await Promise.all(Array.from({ length: 25 }, (_, item) => add(item)))
  assert.deepEqual(
    groups.flat(),
    Array.from({ length: 25 }, (_, item) => item),
  )
  assert.deepEqual(
    groups.map(({ length }) => length),
    [10, 10, 5],
  )
})

test('a write that fails rejects its own items alone', async () => {
  const add = groupCommit(
    async (items: string[]) => {
      if (items.includes('bad')) throw new Error('refused')
    },
    { group: 2, waiting: 100 },
  )
  const outcomes = await Promise.allSettled(['a', 'bad', 'b', 'c'].map(add))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled', 'fulfilled'],
  )
  await add('d')
})

test('more than may wait are refused as overloaded', async () => {
  const [begun, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const write = () => {
    begun.resolve()
    return written.promise
  }
  const add = groupCommit(write, { group: 1, waiting: 3 })
  const first = add(0)
  await begun.promise
  const waiting = [1, 2, 3].map(add)
  await assert.rejects(add(4), (error) => error instanceof CallError && error.code === 'overloaded')
  written.resolve()
  await Promise.all([first, ...waiting])
})
