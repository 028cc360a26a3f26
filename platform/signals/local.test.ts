import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '#platform/log.ts'
import { openSignals } from './open.ts'
import { checkSignals } from './signals.checks.ts'

checkSignals(
  'local',
  async () => ({
    open: (options) => openSignals('local:', options),
    async [Symbol.asyncDispose]() {},
  }),
  { reachesOthers: false },
)

for (const url of ['', 'local', 'postgres:', 'redis:', 'http://127.0.0.1'])
  test(`${JSON.stringify(url)} carries no signals`, async () => {
    await assert.rejects(openSignals(url, { log: silentLogger }), /signals need a url/)
  })
