/** Against Pebble, the test server of Let's Encrypt, which refuses half of the nonces it gave. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCache } from '#platform/cache/open.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { makeCertificates, temporaryFolder } from '#platform/rpc/testing.ts'
import type { ServiceContext } from '#platform/service.ts'
import depotService, { depot } from '#platform/testing/depot/service.ts'
import { testHost } from '#platform/testing/host.ts'
import {
  accepts,
  freePort,
  startServerProcess,
  type ServerProcess,
} from '#platform/testing/server-process.ts'
import { busSchema } from '#platform/bus/open.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send } from '#services/gateway/testing.ts'
import { isDue, renewalJob } from './acme.ts'
import { CertificateFiles } from '#platform/tls/certificate.ts'

const domain = 'shop.example.test'

let stack: AsyncDisposableStack
let folder: string
let directoryUrl: string
let challengePort: number
before(async () => {
  stack = new AsyncDisposableStack()
  folder = stack.use(await temporaryFolder()).path
  challengePort = await freePort()
  directoryUrl = await startPebble()
})
after(() => stack.disposeAsync())

/** Trusted by this process from now on; asks for challenges at `challengePort` of this machine, whatever the name. */
async function startPebble(): Promise<string> {
  const { ca, cert, key } = await makeCertificates(folder)
  await Promise.all([writeFile(join(folder, 'pebble.crt'), cert), writeFile(join(folder, 'pebble.key'), key)])
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, ca.toString()])
  stack.defer(() => setDefaultCACertificates(before))

  const dnsPort = await freePort()
  const managementPort = await freePort()
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '']
  const dns = [
    '-dns01',
    `127.0.0.1:${dnsPort}`,
    '-defaultIPv6',
    '',
    '-management',
    `127.0.0.1:${managementPort}`,
  ]
  await start('pebble-challtestsrv', [...off, ...dns], managementPort)

  const port = await freePort()
  const listenAddress = `127.0.0.1:${port}`
  const [certificate, privateKey] = [join(folder, 'pebble.crt'), join(folder, 'pebble.key')]
  const pebble = { listenAddress, certificate, privateKey, httpPort: challengePort, tlsPort: 1 }
  await writeFile(join(folder, 'pebble.json'), JSON.stringify({ pebble }))
  const words = ['-config', join(folder, 'pebble.json'), '-dnsserver', `127.0.0.1:${dnsPort}`]
  await start('pebble', words, port, { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '50' })
  return `https://${listenAddress}/dir`
}

async function start(
  command: string,
  args: string[],
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const isReady = () => accepts(port)
  const server: ServerProcess = await startServerProcess({
    debianPackage: 'pebble',
    command,
    args,
    env,
    isReady,
  })
  stack.defer(() => server.stop())
}

/** The certificate that is shown there, undefined where none is. */
async function shownAt(port: number) {
  const socket = connect({ host: '127.0.0.1', port, servername: domain, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate()
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}

test(
  'two gateways with one folder obtain one certificate, keep it to themselves and show it',
  { timeout: 60_000 },
  async () => {
    await using data = await temporaryFolder()
    await using database = await testDatabase([
      busSchema,
      { name: 'depot', migrations: depotService.migrations! },
    ])
    const settings = {
      DATA_DIR: data.path,
      DATABASE_URL: database.url,
      DOMAIN: domain,
      TLS_PORT: '0',
      ACME_DIRECTORY_URL: directoryUrl,
      ACME_EMAIL: 'admin@example.test',
    }
    const services = [gatewayTo([depot]), depotService]
    await using one = await testHost({ services, settings: { ...settings, PORT: String(challengePort) } })
    await using other = await testHost({ services, settings })
    const ports = [one, other].map(({ announced }) =>
      Number(new URL(announced.find(([what]) => what === 'web')![1]).port),
    )
    const shown = []
    for (const port of ports) {
      let certificate = await shownAt(port)
      for (const giveUpAt = Date.now() + 40_000; !certificate && Date.now() < giveUpAt; await sleep(100))
        certificate = await shownAt(port)
      assert.equal(certificate?.subjectaltname, `DNS:${domain}`)
      shown.push(certificate.fingerprint256)
    }
    assert.equal(shown[0], shown[1])
    const folderOfKeys = join(data.path, 'tls')
    assert.deepEqual((await readdir(folderOfKeys)).toSorted(), ['account.key', 'certificate.pem'])
    for (const file of ['account.key', 'certificate.pem'])
      assert.equal((await stat(join(folderOfKeys, file))).mode & 0o777, 0o600, file)

    const unknown = await send({ port: challengePort }, 'GET /.well-known/acme-challenge/unknown')
    assert.equal(unknown.status, 404)
  },
)

test('an authority that fails is left alone for a while', async () => {
  let asked = 0
  const server = createServer((socket) => {
    asked++
    socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  await using cache = await openCache('memory:', { log: silentLogger })
  await using data = await temporaryFolder()
  using certificates = new CertificateFiles(
    { cert: join(data.path, 'no.pem'), key: join(data.path, 'no.pem') },
    silentLogger,
  )
  const options = {
    directoryUrl: `https://127.0.0.1:${port}/dir`,
    email: undefined,
    domain,
    folder: data.path,
    certificates,
  }
  const job = renewalJob(options)
  const context = { cache, signal: AbortSignal.timeout(60_000) } as unknown as ServiceContext & {
    signal: AbortSignal
  }
  await assert.rejects(job.run(context))
  const before = asked
  assert.ok(before > 0)
  await job.run(context)
  assert.equal(asked, before)
  await new Promise((resolve) => server.close(resolve))
})

test('a certificate is renewed a month before its end, a short one with a third of its life left', () => {
  const dayMs = 86_400_000
  const now = Date.now()
  const ofDays = (life: number, left: number) => ({
    validFrom: now - (life - left) * dayMs,
    validTo: now + left * dayMs,
  })
  assert.equal(isDue(undefined), true)
  assert.equal(isDue(ofDays(365, 31)), false)
  assert.equal(isDue(ofDays(365, 29)), true)
  assert.equal(isDue(ofDays(90, 31)), false)
  assert.equal(isDue(ofDays(90, 29)), true)
  assert.equal(isDue(ofDays(6, 3)), false)
  assert.equal(isDue(ofDays(6, 1.9)), true)
  assert.equal(isDue(ofDays(90, -1)), true)
})
