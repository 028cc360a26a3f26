import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { readSettings } from '#platform/config.ts'
import { reachableAddress } from './rpc-door.ts'
import { hostSettings, type Values } from './settings.ts'

const settingsWith = (environment: Record<string, string>) =>
  readSettings(hostSettings, { environment, vaultDirectory: '/nonexistent' }).values as Values

test('others reach a door where it listens, or where a setting says, never at every address', () => {
  const settings = settingsWith({})
  assert.equal(reachableAddress(settings, 'tcp://10.0.0.1:5001'), 'tcp://10.0.0.1:5001')
  assert.equal(reachableAddress(settings, 'unix:/run/a.sock'), 'unix:/run/a.sock')
  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')
  for (const everywhere of ['tcp://0.0.0.0:5001', 'tcp://[::]:5001'] as const) {
    const reachable = reachableAddress(settings, everywhere)
    if (own) assert.equal(reachable, `tcp://${own.address}:5001`)
    else assert.match(reachable, /^tcp:\/\/[^0:[]+:5001$/)
  }
  const told = settingsWith({ RPC_ADVERTISED: 'tcp://logs.example:5001' })
  assert.equal(reachableAddress(told, 'tcp://0.0.0.0:5001'), 'tcp://logs.example:5001')
})
