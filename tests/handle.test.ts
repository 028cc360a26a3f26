/** `POST /handle` as programs of the broker use it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { identity } from '#contracts/identity.ts'
import { logs } from '#contracts/logs.ts'
import { mail } from '#contracts/mail.ts'
import { eventually } from '#platform/testing/eventually.ts'
import { testHost, type TestHost } from '#platform/testing/host.ts'
import { gatewayTo } from '#services/gateway/service.ts'
import { send } from '#services/gateway/testing.ts'
import identityService from '#services/identity/service.ts'
import logsService from '#services/logs/service.ts'
import mailService from '#services/mail/service.ts'

const serviceKey = 'the-service-key-of-the-broker'
const key = { authorization: `Bearer ${serviceKey}` }

let host: TestHost
let door: { port: number }
before(async () => {
  host = await testHost({
    services: [identityService, logsService, mailService, gatewayTo([identity, logs, mail])],
    settings: { SERVICE_KEY: serviceKey, SMTP_PORT: '0', SUBMISSION_PORT: '0', SUBMISSIONS_PORT: '0' },
  })
  const [, address = ''] = host.announced.find(([what]) => what === 'web') ?? []
  door = { port: Number(new URL(address).port) }
})
after(() => host[Symbol.asyncDispose]())

interface Envelope {
  error: boolean
  message: string
  data: Record<string, unknown>
}

async function handle(body: object | string, headers: Record<string, string> = {}) {
  const isText = typeof body === 'string'
  const {
    status,
    text,
    headers: answered,
  } = await send(door, 'POST /handle', {
    body,
    headers: isText ? { 'content-type': 'application/json', ...headers } : headers,
  })
  assert.match(answered['content-type'] ?? '', /^application\/json/)
  const envelope = JSON.parse(text) as Envelope
  assert.deepEqual(Object.keys(envelope), ['error', 'message', 'data'])
  return { status, headers: answered, ...envelope }
}

test('auth signs in, with token and cookie', async () => {
  const auth = { email: 'broker@localhost', password: 'verysecret' }
  await host.client(identity).createProfile({ userid: auth.email, password: auth.password, name: 'Broker' })
  const { status, error, message, data, headers } = await handle({ action: 'auth', auth })
  assert.deepEqual([status, error, message], [202, false, 'Authenticated!'])
  assert.equal((data.account as { userid: string }).userid, auth.email)
  assert.match(headers['set-cookie']?.[0] ?? '', new RegExp(`=${data.token as string};`))
  const me = await send(door, 'GET /api/me', { headers: { authorization: `Bearer ${data.token as string}` } })
  assert.equal(me.status, 200)

  const wrong = await handle({ action: 'auth', auth: { ...auth, password: 'wrong' } })
  assert.deepEqual([wrong.status, wrong.error, wrong.data.code], [401, true, 'wrongCredentials'])
  assert.equal(wrong.headers['set-cookie'], undefined)
})

test('sign-ins are limited here as anywhere', async () => {
  const auth = { email: 'guessed@localhost', password: 'guess' }
  const statuses = []
  for (let i = 0; i < 6; i++) statuses.push((await handle({ action: 'auth', auth })).status)
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
  const limited = await handle({ action: 'auth', auth })
  assert.equal(limited.error, true)
  assert.ok(Number(limited.headers['retry-after']) > 0)
})

test('log stores a line by RPC, or by an event', async () => {
  for (const mode of [undefined, 'rpc', 'event']) {
    const log = { name: 'broker', data: `by ${mode}`, mode }
    const { status, error, data } = await handle({ action: 'log', log }, key)
    assert.deepEqual([status, error], [202, false])
    const isThere = async () =>
      (await host.client(logs).listLogs({ name: 'broker' })).items.some(
        (line) => line.id === data.id && line.data === log.data,
      )
    for (let tries = 0; !(await isThere()); tries++) {
      assert.ok(tries < 100, `${mode} in vain`)
      await sleep(50)
    }
  }
  const nobody = await handle({ action: 'log', log: { name: 'broker', data: 'x' } })
  assert.deepEqual([nobody.status, nobody.data.code], [401, 'unauthenticated'])
})

test('mail is sent, and comes into the mailbox', async () => {
  const userid = 'reader@localhost'
  const { id } = await host.client(identity).createProfile({ userid, password: 'verysecret', name: 'Reader' })
  const client = host.client(mail, {
    kind: 'account',
    accountId: id,
    sessionId: id,
    roles: ['customer'],
    isVerified: true,
  })
  await eventually(async () => (await client.listMailboxes({})).items.length > 0)
  const letter = { from: 'a@localhost', to: userid, subject: 'From the broker', message: 'm' }
  const { status, error, message } = await handle({ action: 'mail', mail: letter }, key)
  assert.deepEqual([status, error, message], [202, false, `Message sent to ${userid}`])
  const { items } = await client.listMailboxes({})
  const mailboxId = items.find(({ role }) => role === 'inbox')!.id
  await eventually(
    async () => (await client.listThreads({ mailboxId })).items[0]?.subject === 'From the broker',
  )
  const foreign = await handle({ action: 'mail', mail: { ...letter, from: 'a@elsewhere.example' } }, key)
  assert.deepEqual([foreign.status, foreign.data.code], [403, 'notYourAddress'])
  assert.equal((await handle({ action: 'mail', mail: letter })).status, 401)
})

test('what is no submission is refused in the same shape', async () => {
  const cases: [number, object | string][] = [
    [400, {}],
    [400, { action: 'dance' }],
    [400, { action: 'auth' }],
    [400, { action: 'auth', auth: { email: 'a@localhost' } }],
    [400, { action: 'auth', log: { name: 'a', data: 'b' } }],
    [400, { action: 'log', log: { name: 'a', data: 'b', mode: 'pigeon' } }],
    [400, { action: 'log', log: { data: 'without a name' } }],
    [400, '{"action":"mail","mail":{}}{"action":"mail"}'],
    [400, '"mail"'],
    [400, ''],
    [413, `{"action":"log","log":{"name":"a","data":"${'b'.repeat(1024 * 1024)}"}}`],
  ]
  for (const [expected, body] of cases) {
    const { status, error, data } = await handle(body, key)
    assert.deepEqual(
      [status, error, data.status],
      [expected, true, expected],
      JSON.stringify(body).slice(0, 80),
    )
  }
})
