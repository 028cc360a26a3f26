import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openKeys } from './keys.ts'

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'dakghar-keys-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('keys made at the first start are found by the next one, and only their owner can read them', async () => {
  await using directory = await folder()
  const first = await openKeys(directory.path, {})
  const second = await openKeys(directory.path, {})
  assert.deepEqual(first.clusterKey, second.clusterKey)
  assert.equal((await stat(first.serviceKeyFile!)).mode & 0o777, 0o600)
  assert.equal((await stat(join(directory.path, 'keys'))).mode & 0o777, 0o700)
  const key = (await readFile(first.serviceKeyFile!, 'utf8')).trim()
  assert.deepEqual(second.identifyServiceKey(key), { kind: 'service', name: 'service-key' })
  assert.equal(second.identifyServiceKey(`${key}x`), undefined)
  assert.equal(second.identifyServiceKey(''), undefined)
})

test('starts at the same moment agree on the keys and leave nothing else', async () => {
  for (let round = 0; round < 25; round++) {
    await using directory = await folder()
    const opened = await Promise.all(Array.from({ length: 8 }, () => openKeys(directory.path, {})))
    assert.equal(new Set(opened.map(({ clusterKey }) => clusterKey.toString('hex'))).size, 1)
    assert.deepEqual((await readdir(join(directory.path, 'keys'))).toSorted(), ['cluster.key', 'service.key'])
  }
})

test('keys that settings give are used and nothing is written', async () => {
  await using directory = await folder()
  const keys = await openKeys(directory.path, { clusterKey: 'a', serviceKey: 'b' })
  assert.ok(keys.identifyServiceKey('b'))
  assert.equal(keys.serviceKeyFile, undefined)
  assert.deepEqual(await readdir(directory.path), [])
})
