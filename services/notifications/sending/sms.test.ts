import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { startHttp, startScene, until, type HttpWorld, type Scene } from '../testing.ts'
import { openHttpSms } from './http-sms.ts'

let http: HttpWorld
let scene: Scene
before(async () => {
  http = await startHttp()
  scene = await startScene({
    SMS_URL: `${http.url}/send?user={{ to | url_encode }}`,
    SMS_HEADERS: '{"content-type": "application/json", "authorization": "Bearer key"}',
  })
})
after(async () => {
  await scene[Symbol.asyncDispose]()
  await http[Symbol.asyncDispose]()
})
afterEach(() => {
  http.answer = () => 200
  http.requests.length = 0
})

const code = { template: 'verify_phone', variables: { code: '123456', minutes: 10 } }

test('an SMS is the request that the settings describe', async () => {
  const { id: accountId } = scene.person({ language: 'bn', isPhoneVerified: false })
  const { history, recipient, rendering } = await scene.becomes(
    await scene.send({ ...code, to: { accountId } }),
    'delivered',
  )
  assert.equal(history.at(-1)?.detail, 'HTTP 200')
  assert.deepEqual([recipient, rendering], ['+8801712345678', null])
  const [request] = http.requests
  assert.equal(request?.url, '/send?user=%2B8801712345678')
  assert.equal(request?.headers.authorization, 'Bearer key')
  const { to, text } = JSON.parse(request!.body) as { to: string; text: string }
  assert.equal(to, '+8801712345678')
  assert.match(text, /^আপনার ডাকঘর কোড 123456।.* ১০ মিনিট/)
})

test('forms and queries work as well as JSON', async () => {
  const message = {
    notificationId: 'x',
    to: '+88017',
    language: 'en',
    preferencesUrl: null,
    rendering: { subject: null, text: 'a&b "c"\nd', html: null },
  } as const
  const form = openHttpSms(http.url, {
    SMS_METHOD: 'POST',
    SMS_BODY: 'to={{ to | url_encode }}&text={{ text | url_encode }}',
    SMS_HEADERS: '{"content-type": "application/x-www-form-urlencoded"}',
  })
  const query = openHttpSms(`${http.url}/?to={{ to | url_encode }}&text={{ text | url_encode }}`, {
    SMS_METHOD: 'GET',
    SMS_BODY: '',
    SMS_HEADERS: '{}',
  })
  for (const provider of [form, query]) await provider.send(message, new AbortController().signal)
  const sent = http.requests.map(({ method, url, body }) => [
    method,
    ...new URLSearchParams(method === 'GET' ? url.slice(2) : body).entries(),
  ])
  const fields = [
    ['to', '+88017'],
    ['text', 'a&b "c"\nd'],
  ]
  assert.deepEqual(sent, [
    ['POST', ...fields],
    ['GET', ...fields],
  ])
})

test('what may pass is tried again, what will not is not, and nothing is followed elsewhere', async () => {
  const { id: accountId } = scene.person()
  const cases = [
    [503, 'delivered', 2],
    [429, 'delivered', 2],
    [400, 'failed', 1],
    [302, 'failed', 1],
  ] as const
  for (const [status, state, attempts] of cases) {
    let tries = 0
    http.answer = () => (tries++ === 0 ? status : 200)
    const shown = await scene.becomes(await scene.send({ ...code, to: { accountId } }), 'delivered', 'failed')
    assert.deepEqual([shown.state, shown.attempts], [state, attempts], `after ${status}`)
    const details = shown.history.map(({ detail }) => detail).join()
    assert.match(details, new RegExp(`HTTP ${status}`))
    assert.doesNotMatch(details, /echo/, 'what the server repeats may be the code')
  }
  assert.ok(http.requests.every(({ url }) => url.startsWith('/send')))
})

test('a server that is not there is tried again', async () => {
  const provider = openHttpSms('http://127.0.0.1:9/', {
    SMS_METHOD: 'POST',
    SMS_BODY: 'x',
    SMS_HEADERS: '{}',
  })
  const message = {
    notificationId: 'x',
    to: '+1',
    language: 'en',
    preferencesUrl: null,
    rendering: { subject: null, text: 'x', html: null },
  } as const
  await assert.rejects(provider.send(message, new AbortController().signal), {
    isFinal: false,
    blame: 'provider',
  })
})

test('a server that says nothing is let go of when the attempt is over', async () => {
  http.answer = () => new Promise<number>(() => {})
  const provider = openHttpSms(http.url, { SMS_METHOD: 'POST', SMS_BODY: 'x', SMS_HEADERS: '{}' })
  const message = {
    notificationId: 'x',
    to: '+1',
    language: 'en',
    preferencesUrl: null,
    rendering: { subject: null, text: 'x', html: null },
  } as const
  const over = new AbortController()
  const sending = assert.rejects(provider.send(message, over.signal), { isFinal: false, blame: 'provider' })
  await until(async () => http.requests.length > 0 || undefined)
  over.abort()
  await sending
})

test('settings that can not work are named', () => {
  const fine = { SMS_METHOD: 'POST', SMS_BODY: '{{ text }}', SMS_HEADERS: '{}' } as const
  assert.throws(() => openHttpSms('no url', fine), /^Error: SMS_URL: /)
  assert.throws(() => openHttpSms('https://x.example/{{ to', fine), /^Error: SMS_URL: /)
  assert.throws(() => openHttpSms('https://x.example/', { ...fine, SMS_BODY: '{{ body }}' }), /body/)
  assert.throws(
    () => openHttpSms('https://x.example/', { ...fine, SMS_HEADERS: 'a: b' }),
    /^Error: SMS_HEADERS: /,
  )
})
