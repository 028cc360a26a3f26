import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { describe, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { protocolOf, type SmtpAuthentication } from './policy.ts'
import { scramKeys } from './scram.ts'
import { dial, openTestDoor, type TestClient } from './testing.ts'

const header = 'From: ann@ours.example\r\n\r\n'
const salt = Buffer.alloc(16, 7)
const iterations = 4096
const keys = [
  { id: 'phone', ...(await scramKeys('first secret', salt, iterations)) },
  { id: 'laptop', ...(await scramKeys('second secret', salt, iterations)) },
]
const ann = { accountId: '1', address: 'ann@ours.example' }
const tried: string[] = []
const authentication: SmtpAuthentication = {
  async checkPassword(user, password) {
    if (user === 'later') return 'later'
    return user === 'ann' && password === 'second secret' ? ann : undefined
  },
  scramCredentials: async (user) => ({ salt, iterations, keys: user === 'ann' ? keys : [] }),
  async scramAccount(user, keyId) {
    tried.push(`${user} ${keyId}`)
    return keyId === undefined ? undefined : ann
  },
}

function openSubmission(kind: 'submission' | 'submissions' = 'submission') {
  return openTestDoor({ kind, policy: { authentication } })
}

async function secured(port: number): Promise<TestClient> {
  const client = await dial(port)
  await client.command('EHLO a', 250)
  await client.startTls()
  assert.match(await client.command('EHLO a', 250), /AUTH/)
  return client
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const plain = (user: string, password: string, actAs = '') =>
  `AUTH PLAIN ${base64(`${actAs}\0${user}\0${password}`)}`

describe('submission', () => {
  test('neither offers AUTH nor takes it before TLS, and mail only after both', async () => {
    await using door = await openSubmission()
    using client = await dial(door.port)
    assert.doesNotMatch(await client.command('EHLO a', 250), /AUTH/)
    assert.match(await client.command(plain('ann', 'second secret'), 538), /^538 5\.7\.11 /)
    await client.command('MAIL FROM:<ann@ours.example>', 530)
    await client.startTls()
    await client.command('MAIL FROM:<ann@ours.example>', 503)
    await client.command(plain('ann', 'second secret'), 503)
    const offers = await client.command('EHLO a', 250)
    assert.match(offers, /^250-AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r$/m)
    assert.doesNotMatch(offers, /STARTTLS/)
    await client.command('STARTTLS', 503)
    await client.command('MAIL FROM:<ann@ours.example>', 530)
    await client.command(plain('ann', 'second secret'), 235)
    await client.command(plain('ann', 'second secret'), 503)
    await client.mail('ann@ours.example', ['x@else.example'], header)
    const [received] = door.messages
    assert.deepEqual(received?.session.account, ann)
    assert.equal(protocolOf(received.session), 'ESMTPSA')
    assert.deepEqual(received?.session.tls, { protocol: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' })
  })

  test('on its own port begins with TLS', async () => {
    await using door = await openSubmissions()
    using client = await dial(door.port, { tls: true })
    assert.match(await client.command('EHLO a', 250), /AUTH/)
    await client.command(plain('ann', 'second secret'), 235)
    await client.mail('ann@ours.example', ['x@else.example'], header)
    using clear = await dial(door.port, { greeting: undefined })
    clear.send('EHLO a\r\n')
    assert.doesNotMatch(await clear.closed(), /^2/m)
  })
  const openSubmissions = () => openSubmission('submissions')

  test('is not on the door for everybody', async () => {
    await using door = await openTestDoor({ policy: { authentication } })
    using client = await dial(door.port)
    assert.doesNotMatch(await client.command('EHLO a', 250), /AUTH/)
    await client.command(plain('ann', 'second secret'), 538)
    await client.startTls()
    assert.doesNotMatch(await client.command('EHLO a', 250), /AUTH/)
    await client.command(plain('ann', 'second secret'), 502)
  })
})

describe('AUTH', () => {
  test('PLAIN takes its response with the command or after it', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    assert.equal(await client.command('AUTH plain', 334), '334')
    await client.command(plain('ann', 'second secret', 'ann').slice(11), 235)
  })

  test('LOGIN asks for both', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    assert.equal(await client.command('AUTH LOGIN', 334), `334 ${base64('Username:')}`)
    assert.equal(await client.command(base64('ann'), 334), `334 ${base64('Password:')}`)
    await client.command(base64('second secret'), 235)
    using other = await secured(door.port)
    await other.command(`AUTH LOGIN ${base64('ann')}`, 334)
    await other.command(base64('second secret'), 235)
  })

  test('says the same of a wrong password and of an unknown account, and closes after three', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    const wrong = await client.command(plain('ann', 'x'), 535)
    assert.match(wrong, /^535 5\.7\.8 /)
    assert.equal(await client.command(plain('zoe', 'x'), 535), wrong)
    assert.equal(await client.command(plain('zoe', 'second secret', 'ann'), 535), wrong)
    await client.closed()
  })

  test('takes as long for whatever is wrong', async () => {
    await using door = await openTestDoor({
      kind: 'submission',
      limits: { wrongPasswordMs: 150, wrongPasswords: 10 },
      policy: { authentication },
    })
    using client = await secured(door.port)
    for (const line of [plain('ann', 'x'), plain('zoe', 'x'), `AUTH PLAIN ${base64('x')}`]) {
      const startedAt = performance.now()
      await client.command(line, 535)
      assert.ok(performance.now() - startedAt >= 148)
    }
    const startedAt = performance.now()
    await client.command(plain('ann', 'second secret'), 235)
    assert.ok(performance.now() - startedAt < 140)
  })

  test('may be given up, be later, be nonsense', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    await client.command('AUTH LOGIN', 334)
    await client.command('*', 501)
    await client.command(plain('later', 'x'), 454)
    await client.command('AUTH', 504)
    await client.command('AUTH CRAM-MD5', 504)
    await client.command('AUTH constructor', 504)
    await client.command('AUTH PLAIN !!!', 501)
    await client.command('AUTH PLAIN abc', 501)
    await client.command('AUTH PLAIN a b c', 504)
    await client.command('AUTH PLAIN', 334)
    client.send(`${'A'.repeat(12_289)}\r\n`)
    await client.expect(500)
    await client.closed()
  })

  test('takes long responses, and only AUTH may be as long', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    await client.command(plain('ann', 'x'.repeat(9_000)), 535)
    await client.command(`NOOP ${'x'.repeat(3_000)}`, 500)
    await client.closed()
  })
})

describe('SCRAM', () => {
  test('takes each of the passwords of an account and proves that we know it', async () => {
    await using door = await openSubmission()
    for (const [password, id] of [
      ['first secret', 'phone'],
      ['second secret', 'laptop'],
    ] as const) {
      tried.length = 0
      using client = await secured(door.port)
      const exchange = await scramExchange(client, 'ann', password)
      assert.equal(await client.command(base64(exchange.final), 334), `334 ${base64(exchange.serverFinal)}`)
      await client.command('', 235)
      assert.deepEqual(tried, [`ann ${id}`])
    }
  })

  test('binds to the TLS connection where the client can', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    const key = (client.socket as TLSSocket).exportKeyingMaterial(
      32,
      'EXPORTER-Channel-Binding',
      Buffer.alloc(0),
    )
    const exchange = await scramExchange(client, 'ann', 'first secret', key)
    await client.command(base64(exchange.final), 334)
    await client.command('', 235)

    using middle = await secured(door.port)
    const stolen = await scramExchange(middle, 'ann', 'first secret', key)
    await middle.command(base64(stolen.final), 535)
  })

  test('answers a wrong password and an unknown account alike, and tells the policy', async () => {
    await using door = await openSubmission()
    tried.length = 0
    using client = await secured(door.port)
    const wrong = await scramExchange(client, 'ann', 'x')
    const answer = await client.command(base64(wrong.final), 535)
    const unknown = await scramExchange(client, 'zoe', 'first secret')
    assert.equal(await client.command(base64(unknown.final), 535), answer)
    assert.deepEqual(tried, ['ann undefined', 'zoe undefined'])
  })

  test('takes no client for bound that believes we cannot bind', async () => {
    await using door = await openSubmission()
    using client = await secured(door.port)
    await client.command(`AUTH SCRAM-SHA-256 ${base64('y,,n=ann,r=12345678')}`, 535)
    await client.command(`AUTH SCRAM-SHA-256 ${base64('p=tls-exporter,,n=ann,r=12345678')}`, 535)
  })
})

/** A client of its own, up to the proof. */
async function scramExchange(client: TestClient, user: string, password: string, exported?: Buffer) {
  const gs2 = exported ? 'p=tls-exporter,,' : 'n,,'
  const bare = `n=${user},r=fyko+d2lbbFgONRv9qkxdawL`
  const name = exported ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256'
  const answer = await client.command(`AUTH ${name} ${base64(gs2 + bare)}`, 334)
  const challenge = Buffer.from(answer.slice(4), 'base64').toString()
  const [, nonce, saltText, rounds] = /^r=(fyko\+d2lbbFgONRv9qkxdawL.{16,}),s=(.+),i=(\d+)$/.exec(challenge)!
  const salted = pbkdf2Sync(password, Buffer.from(saltText!, 'base64'), Number(rounds), 32, 'sha256')
  const mac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const binding = Buffer.concat([Buffer.from(gs2), exported ?? Buffer.alloc(0)]).toString('base64')
  const signed = `${bare},${challenge},c=${binding},r=${nonce}`
  const clientKey = mac(salted, 'Client Key')
  const signature = mac(createHash('sha256').update(clientKey).digest(), signed)
  const proof = Buffer.from(clientKey.map((octet, index) => octet ^ signature[index]!)).toString('base64')
  return {
    final: `c=${binding},r=${nonce},p=${proof}`,
    serverFinal: `v=${mac(mac(salted, 'Server Key'), signed).toString('base64')}`,
  }
}
