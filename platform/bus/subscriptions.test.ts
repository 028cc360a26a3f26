import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testDatabase } from '#platform/database/testing.ts'
import { createScene, shopSchema } from './checks/scene.ts'
import { busSchema } from './open.ts'
import { saveSubscription } from './subscriptions.ts'

test('processes that make the same subscription at once agree on its number, 200 times', async () => {
  await using database = await testDatabase([busSchema, shopSchema])
  const { recorder } = createScene({ database } as never)
  const bus = database.forService('bus')
  for (let round = 0; round < 200; round++) {
    const { subscription } = recorder(`raced${round}`)
    const saved = await Promise.all(Array.from({ length: 4 }, () => saveSubscription(bus, subscription)))
    assert.equal(new Set(saved.map(({ number }) => number)).size, 1)
  }
})
