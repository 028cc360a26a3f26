import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { describe, test } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { sql } from 'kysely'
import { freePort } from '#platform/testing/server-process.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { isNamed, readPolicy } from './mta-sts.ts'
import { readRelay } from './relay.ts'
import { certificateFor, deliveryScene, startOther, type DeliveryScene } from './testing.ts'

const certificate = certificateFor('mx.far.example', 'mta-sts.far.example', 'relay.example')
const wrong = certificateFor('mx.far.example')
const offers = ['STARTTLS', '8BITMIME']
const to = 'a@far.example'

const zone = (id: string) => ({
  'far.example': { MX: ['10 mx.far.example'] },
  'mx.far.example': { A: ['127.0.0.2'] },
  '_mta-sts.far.example': { TXT: [`v=STSv1; id=${id};`] },
  'mta-sts.far.example': { A: ['127.0.0.8'] },
})

/** A web server with a policy. */
async function startPolicy(
  scene: DeliveryScene,
  answer: { status?: number; body: string; headers?: Record<string, string> },
) {
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (incoming, response) => {
    world.requests.push(`${incoming.headers.host} ${incoming.url}`)
    response
      .writeHead(answer.status ?? 200, { 'content-type': 'text/plain', ...answer.headers })
      .end(answer.body)
  })
  const port = await freePort()
  const world = {
    requests: [] as string[],
    answer,
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  server.listen(port, '127.0.0.8')
  await once(server, 'listening')
  scene.names.zone = zone('1')
  return world
}
const policy = (mode: string, mx = 'mx.far.example') =>
  `version: STSv1\r\nmode: ${mode}\r\nmx: ${mx}\r\nmax_age: 86400\r\n`
const result = async (scene: DeliveryScene) =>
  (await sql<{ policy: string; failure: string }>`select policy, failure from tls_results`.execute(scene.db))
    .rows[0]

describe('MTA-STS', () => {
  test('enforced and proved: mail goes, the policy is fetched once and kept', async () => {
    await using scene = await deliveryScene()
    await using web = await startPolicy(scene, { body: policy('enforce') })
    await using other = await startOther('127.0.0.2', scene.port, { offers, certificate })
    await using _ = scene.start({ httpsPort: web.port, roots: certificate.ca, idleMs: 1 })
    for (const address of [to, 'b@far.example'])
      await scene.become(await scene.send([address]), { [address]: 'relayed' })
    assert.equal(
      other.messages.every(({ isEncrypted }) => isEncrypted),
      true,
    )
    assert.deepEqual(web.requests, [`mta-sts.far.example:${web.port} /.well-known/mta-sts.txt`])
    const { rows } = await sql<{
      policy: string
    }>`select distinct tls_policy as policy from recipients`.execute(scene.db)
    assert.deepEqual(rows, [{ policy: 'MTA-STS' }])
    assert.deepEqual(await result(scene), { policy: 'sts', failure: '' })
  })

  for (const [what, body, manners] of [
    ['a certificate of an unknown authority', policy('enforce'), { offers, certificate: wrong }],
    ['no STARTTLS', policy('enforce'), { offers: ['8BITMIME'] }],
    [
      'a server that the policy does not name',
      policy('enforce', '*.elsewhere.example'),
      { offers, certificate },
    ],
  ] as const)
    test(`enforced, with ${what}: mail waits; in testing it goes, and the failure is counted`, async () => {
      await using scene = await deliveryScene()
      await using web = await startPolicy(scene, { body })
      await using other = await startOther('127.0.0.2', scene.port, {
        ...manners,
        offers: [...manners.offers],
      })
      await using _ = scene.start({ httpsPort: web.port, roots: certificate.ca, pollMs: 20 })
      const id = await scene.send([to])
      await scene.become(id, { [to]: 'delayed' })
      assert.equal(
        other.commands.some((line) => line.startsWith('MAIL')),
        false,
      )
      web.answer.body = body.replace('enforce', 'testing')
      await sql`delete from sts_policies`.execute(scene.db)
      await eventually(async () => {
        scene.pass(400_000)
        return (await scene.states(id))[to] === 'relayed'
      })
      assert.notEqual((await result(scene))?.failure, '')
    })

  test('a policy that redirects, is no text, or is too long is none', async () => {
    await using scene = await deliveryScene()
    await using web = await startPolicy(scene, {
      status: 302,
      body: policy('enforce'),
      headers: { location: '/other' },
    })
    await using other = await startOther('127.0.0.2', scene.port, { offers: ['8BITMIME'] })
    await using _ = scene.start({ httpsPort: web.port, roots: certificate.ca, idleMs: 1 })
    await scene.become(await scene.send([to]), { [to]: 'relayed' })
    Object.assign(web.answer, { status: 200, headers: { 'content-type': 'text/html' } })
    await scene.become(await scene.send(['b@far.example']), { 'b@far.example': 'relayed' })
    Object.assign(web.answer, { headers: {}, body: `${policy('enforce')}${'x'.repeat(70_000)}` })
    await scene.become(await scene.send(['c@far.example']), { 'c@far.example': 'relayed' })
    assert.equal(web.requests.length, 3)
    assert.equal(other.messages.length, 3)
  })

  test('a policy that was kept holds while the web server is gone, until it is over', async () => {
    await using scene = await deliveryScene()
    const web = await startPolicy(scene, { body: policy('enforce') })
    await using other = await startOther('127.0.0.2', scene.port, { offers, certificate })
    await using _ = scene.start({ httpsPort: web.port, roots: certificate.ca, idleMs: 1, pollMs: 20 })
    await scene.become(await scene.send([to]), { [to]: 'relayed' })
    await web[Symbol.asyncDispose]()
    other.manners = { offers: ['8BITMIME'] }
    const id = await scene.send(['b@far.example'])
    await scene.become(id, { 'b@far.example': 'delayed' })
    await eventually(async () => {
      scene.pass(86_400_000 / 4)
      return (await scene.states(id))['b@far.example'] === 'relayed'
    })
  })

  test('policies are read as RFC 8461 says', () => {
    assert.deepEqual(
      readPolicy('version: STSv1\nmode: testing\nmx: A.example.\nmx: *.b.example\nmax_age: 99999999999'),
      undefined,
    )
    assert.deepEqual(
      readPolicy('version: STSv1\nmode: testing\nmx: A.example.\nmx: *.b.example\nmax_age: 9999999999'),
      {
        mode: 'testing',
        mx: ['a.example', '*.b.example'],
        maxAgeSeconds: 31_557_600,
      },
    )
    for (const text of [
      '',
      'mode: enforce',
      policy('none').replace('STSv1', 'STSv2'),
      policy('enforce').replace(/mx.*\r\n/, ''),
      policy('strict'),
    ])
      assert.equal(readPolicy(text), undefined, text)
    assert.deepEqual(
      ['b.example', 'x.b.example', 'y.x.b.example', 'xb.example'].map((host) =>
        isNamed({ mx: ['*.b.example'] }, host),
      ),
      [false, true, false, false],
    )
  })
})

describe('a smart host', () => {
  test('takes everything but our own, over TLS that is proved, after signing in', async () => {
    await using scene = await deliveryScene()
    scene.names.zone = {}
    const logins: string[] = []
    let taken = 0
    const server = new SMTPServer({
      cert: certificate.cert,
      key: certificate.key,
      logger: false,
      disableReverseLookup: true,
      onAuth({ username, password }, _session, done) {
        logins.push(`${username} ${password}`)
        done(password === 'right:pass' ? null : new Error('no'), { user: username })
      },
      onData(stream, _session, done) {
        taken++
        stream.resume().on('end', () => done())
      },
    })
    server.on('error', () => undefined)
    await once(server.listen(0, 'localhost'), 'listening')
    const { port } = server.server.address() as { port: number }
    const local = certificateFor('localhost')
    server.updateSecureContext({ cert: local.cert, key: local.key })
    const relay = (password: string) => `smtp://us%40ours:${password}@localhost:${port}`

    const id = await scene.send([to, 'b@other.example'])
    {
      await using _ = scene.start({ relay: relay('right%3Apass'), pollMs: 20 })
      await scene.become(id, { [to]: 'delayed', 'b@other.example': 'delayed' })
      assert.match((await scene.rows(id))[0]!.answer, /certificate/)
      assert.deepEqual(logins, [])
    }
    {
      await using _ = scene.start({ relay: relay('wrong'), roots: local.ca, pollMs: 20 })
      scene.pass(100_000)
      await eventually(() => logins.length === 2)
    }
    await using _ = scene.start({ relay: relay('right%3Apass'), roots: local.ca, pollMs: 20 })
    await eventually(async () => {
      scene.pass(1_000_000)
      return Object.values(await scene.states(id)).every((state) => state === 'relayed')
    })
    assert.equal(taken, 2)
    assert.match((await scene.rows(id))[0]!.tls ?? '', /^TLS/)
    await new Promise<void>((resolve) => server.close(() => resolve()))
  })

  test('its setting is a URL of SMTP', () => {
    assert.deepEqual(readRelay('smtps://Relay.example'), {
      host: 'relay.example',
      port: 465,
      isTlsFromStart: true,
      login: undefined,
    })
    for (const text of ['', 'relay.example', 'http://relay.example', 'smtp://'])
      assert.throws(() => readRelay(text), /SMTP_RELAY/)
  })
})
