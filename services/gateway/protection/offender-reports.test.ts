import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { standardError } from '#contracts/errors.ts'
import { silentLogger } from '#platform/log.ts'
import { reportOffenders } from './offender-reports.ts'

type Reported = { address: string; state: 'slowed' | 'blocked'; until: string }

/** Identity, which does not answer the first `failing` times. */
function scene(failing: number) {
  const told: Reported[] = []
  let asked = 0
  const calls = {
    async reportOffender(report: Reported) {
      if (asked++ < failing) throw standardError('unavailable')
      told.push(report)
      return null
    },
  }
  return { told, asks: () => asked, reports: reportOffenders({ calls, log: silentLogger }) }
}

const until = Date.now() + 600_000
const blocked = (address: string) => ({ address, state: 'blocked' as const, until })

async function eventually(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; !isSo(); await sleep(5)) assert.ok(Date.now() < giveUpAt)
}

test('marks made while identity does not answer are told when it does, of one address the last', async () => {
  const { told, asks, reports } = scene(2)
  await using _ = reports
  reports.add({ ...blocked('203.0.113.1'), state: 'slowed' })
  await eventually(() => asks() === 1)
  reports.add(blocked('203.0.113.1'))
  reports.add(blocked('203.0.113.2'))
  await eventually(() => told.length === 2)
  const expected = ['203.0.113.1', '203.0.113.2'].map((address) => ({
    ...blocked(address),
    until: new Date(until).toISOString(),
  }))
  assert.deepEqual(
    told.toSorted((a, b) => (a.address < b.address ? -1 : 1)),
    expected,
  )
})

test('a mark whose time is over by then is not told, and a stop does not wait', async () => {
  const { told, reports } = scene(0)
  reports.add({ ...blocked('203.0.113.1'), until: Date.now() - 1 })
  reports.add(blocked('203.0.113.2'))
  await eventually(() => told.length > 0)
  assert.deepEqual(
    told.map(({ address }) => address),
    ['203.0.113.2'],
  )
  const { reports: failing, asks } = scene(Infinity)
  failing.add(blocked('203.0.113.3'))
  await eventually(() => asks() === 1)
  const startedAt = performance.now()
  await failing[Symbol.asyncDispose]()
  assert.ok(performance.now() - startedAt < 200)
})
