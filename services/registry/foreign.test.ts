import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '#contracts/registry.ts'
import type { TestHost } from '#platform/testing/host.ts'
import { eventually, instancesOf, registryHost } from './testing.ts'

let host: TestHost
before(async () => {
  host = await registryHost()
})
after(() => host[Symbol.asyncDispose]())

const client = () => host.client(registry)
const stateOf = async (id: string) => (await instancesOf(host)).get(id)?.state
const routes = () => host.directory.proxied().filter(({ pathPrefix }) => pathPrefix === '/legacy')
const endpoints = () => routes().flatMap((route) => route.endpoints)
const is = (id: string, state: string | undefined) => async () => (await stateOf(id)) === state

/** Somebody else's service. Its health path answers `status`. */
async function foreignServer() {
  const server = createServer((request, response) =>
    response.writeHead(request.url === '/health' ? foreign.status : 404).end('not ours'),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const foreign = {
    status: 200,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return foreign
}

const described = (address: string) => ({
  service: 'legacy',
  address,
  pathPrefix: '/legacy',
  healthPath: '/health',
})

suite('foreign instances', { concurrency: true }, () => {
  test('a foreign instance gets traffic once its health path answers, and none while it does not', async () => {
    await using server = await foreignServer()
    server.status = 503
    const id = randomUUID()
    const put = () => client().putInstance({ id, ...described(server.address) })
    assert.equal((await put()).state, 'starting')
    await sleep(2_500)
    assert.equal(await stateOf(id), 'starting')
    assert.deepEqual(endpoints(), [])

    server.status = 204
    await eventually(is(id, 'ready'), 'ready')
    await eventually(() => endpoints().length === 1, 'known to the gateway')
    const endpoint = { id, address: server.address, version: '', weight: 100 }
    assert.deepEqual(routes(), [{ service: 'legacy', pathPrefix: '/legacy', endpoints: [endpoint] }])
    assert.deepEqual(host.directory.endpoints('legacy'), [])

    server.status = 500
    await eventually(is(id, 'down'), 'down', 8_000)
    await eventually(() => endpoints().length === 0, 'unknown to the gateway')
    server.status = 200
    await eventually(is(id, 'ready'), 'ready again')
    assert.equal((await put()).state, 'ready', 'renewing changes nothing')
    await client().removeInstance({ id })
    await assert.rejects(put(), { code: 'removed', status: 410 })
  })

  test('a foreign instance that is not renewed is gone, and its id with it', async () => {
    await using server = await foreignServer()
    const id = randomUUID()
    const instance = { id, ...described(server.address), pathPrefix: '/lapsing', leaseSeconds: 3 }
    const put = () => client().putInstance(instance)
    await put()
    for (let i = 0; i < 3; i++) {
      await sleep(1_500)
      await put()
    }
    const ms = await eventually(is(id, undefined), 'removed', 6_000)
    assert.ok(ms > 2_500, `${ms} ms`)
    await assert.rejects(put(), { code: 'removed' })
  })

  test('what can not be a foreign instance is refused with every wrong field', async () => {
    const good = { id: randomUUID(), ...described('http://127.0.0.1:1') }
    const bad: [Partial<Record<keyof typeof good, string>>, string[]][] = [
      [{ address: 'tcp://127.0.0.1:1' }, ['address']],
      [{ address: 'file:///etc/passwd' }, ['address']],
      [{ address: 'legacy', service: '' }, ['address', 'service']],
      [{ pathPrefix: '/' }, ['pathPrefix']],
      [{ pathPrefix: 'legacy' }, ['pathPrefix']],
      [{ pathPrefix: '/legacy/' }, ['pathPrefix']],
      [{ pathPrefix: '/a/../b' }, ['pathPrefix']],
      [{ pathPrefix: '/a//b' }, ['pathPrefix']],
      [{ pathPrefix: '/a%2fb' }, ['pathPrefix']],
      [{ healthPath: 'health', id: 'one' }, ['healthPath', 'id']],
    ]
    for (const [wrong, fields] of bad)
      await assert.rejects(client().putInstance({ ...good, ...wrong }), (error: never) => {
        const { code, fields: found } = error as { code: string; fields: { path: string }[] }
        assert.equal(code, 'invalid')
        assert.deepEqual(found.map(({ path }) => path).toSorted(), fields)
        return true
      })
  })

  test('a static file is followed; a bad one ends the start, and later changes nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-file-'))
    try {
      await using server = await foreignServer()
      const path = join(folder, 'instances.json')
      const write = (instances: object[]) => writeFile(path, JSON.stringify({ instances }))
      const start = () => registryHost(undefined, { REGISTRY_FILE: path })

      await assert.rejects(start(), /REGISTRY_FILE .*instances\.json: ENOENT/)
      await writeFile(path, '{"instances": [')
      await assert.rejects(start(), /REGISTRY_FILE .*instances\.json: .*JSON/)
      await write([{ ...described('nowhere'), colour: 'red' }])
      await assert.rejects(start(), (error: Error) => {
        assert.match(error.message, /instances\[0\]\.address/)
        assert.match(error.message, /colour/)
        return true
      })

      await write([described(server.address)])
      await using withFile = await start()
      const prefixes = () => withFile.directory.proxied().map(({ pathPrefix }) => pathPrefix)
      await eventually(() => prefixes().join() === '/legacy', 'from the file')
      await write([
        described(server.address),
        { ...described(server.address), service: 'other', pathPrefix: '/other' },
      ])
      await eventually(() => prefixes().toSorted().join() === '/legacy,/other', 'one more')
      await writeFile(path, 'half a fi')
      await sleep(1_500)
      assert.deepEqual(prefixes().toSorted(), ['/legacy', '/other'])
      await write([])
      await eventually(() => prefixes().length === 0, 'none')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
