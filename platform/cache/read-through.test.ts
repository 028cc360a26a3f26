import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryStore } from './memory.ts'
import { readThrough } from './read-through.ts'

test('values read together live for different times, at most a tenth shorter than asked', async () => {
  const lifetimes: number[] = []
  const cache = readThrough({
    ...memoryStore(),
    async set(_key, _value, ttlMs) {
      lifetimes.push(ttlMs)
    },
  })
  for (let index = 0; index < 1000; index++) await cache.read(`key${index}`, 1000, async () => index)
  assert.ok(lifetimes.every((ttlMs) => ttlMs > 900 && ttlMs <= 1000))
  assert.ok(Math.min(...lifetimes) < 910)
  assert.ok(Math.max(...lifetimes) > 990)
})
