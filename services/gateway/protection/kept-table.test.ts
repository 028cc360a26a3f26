import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { standardError } from '#contracts/errors.ts'
import { PushedPolicy } from '#contracts/identity/protection.ts'
import type { ReplicaUpdate } from '#contracts/replica.ts'
import { silentLogger } from '#platform/log.ts'
import { Table } from '#platform/replica/table.ts'
import { followKept } from './kept-table.ts'

interface Row {
  id: 'LIMIT_ACCOUNT'
  rate: string | null
}

/** Pushes the rates one after the other; without any it can't be reached. */
function owner(...rates: string[]) {
  return async function* (signal: AbortSignal): AsyncGenerator<ReplicaUpdate<Row>> {
    if (rates.length === 0) throw standardError('unavailable')
    for (const [revision, rate] of rates.entries()) {
      const rows: Row[] = [{ id: 'LIMIT_ACCOUNT', rate }]
      const { digest } = new Table(rows)
      const epoch = '0197a3c2-5f00-4000-8000-000000000001'
      yield { kind: 'snapshot', epoch, revision, digest, rows, remaining: 0, isComplete: true }
    }
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}

async function follow(directory: string, open: ReturnType<typeof owner>) {
  const taken: (string | null)[] = []
  const take = (rows: readonly Row[]) => void taken.push(rows[0]?.rate ?? null)
  const row = PushedPolicy as never
  const table = await followKept<Row>({ name: 'policies', row, open, take }, { directory, log: silentLogger })
  return { taken, [Symbol.asyncDispose]: () => table[Symbol.asyncDispose]() }
}

async function eventually(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; !isSo(); await sleep(5)) assert.ok(Date.now() < giveUpAt)
}

test('what was pushed last is there again at the next start, also while its owner is away', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'dakghar-kept-'))
  t.after(() => rm(directory, { recursive: true }))
  {
    await using table = await follow(directory, owner('1/1m', '2/1m', '3/1m'))
    await eventually(() => table.taken.length === 3)
    assert.deepEqual(table.taken, ['1/1m', '2/1m', '3/1m'])
  }
  {
    await using table = await follow(directory, owner())
    assert.deepEqual(table.taken, ['3/1m'])
  }
  await using table = await follow(directory, owner('4/1m'))
  await eventually(() => table.taken.length === 2)
  assert.deepEqual(table.taken, ['3/1m', '4/1m'])
})

test('a file that is none is as if it were not there, until the next push', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'dakghar-kept-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'policies.json')
  for (const broken of ['', '{', '[{"id":"NOTHING","rate":"1/1m"}]']) {
    await writeFile(file, broken)
    const table = await follow(directory, owner('5/1m'))
    await eventually(() => table.taken.length === 1)
    assert.deepEqual(table.taken, ['5/1m'])
    await table[Symbol.asyncDispose]()
    assert.equal(await readFile(file, 'utf8'), '[{"id":"LIMIT_ACCOUNT","rate":"5/1m"}]')
  }
})
