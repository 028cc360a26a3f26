/** Sessions while instances of identity die and come back, each a process of its own. */
import { eventually } from '#platform/testing/eventually.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCluster, type Place } from './cluster.ts'

const credentials = { userid: 'outage@localhost', password: 'long enough' }

function callsTo(web: string) {
  const call = async (door: string, token?: string, body?: object) => {
    const [method = '', path = ''] = door.split(' ')
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (token !== undefined) headers.authorization = `Bearer ${token}`
    const response = await fetch(web + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: response.status, text: await response.text() }
  }
  return {
    login: () => call('POST /api/auth/login', undefined, credentials),
    signUp: () => call('POST /api/profiles', undefined, { ...credentials, name: 'Outage' }),
    me: async (token: string) => (await call('GET /api/me', token)).status,
    /** A call that no service answers. */
    combine: async (token: string) => (await call('POST /api/combine', token, { wishes: {} })).status,
    endAll: (token: string) => call('POST /api/me/sessions/end', token, {}),
  }
}

test('one instance of identity dead: all goes on; both dead: who is in stays in, nobody else comes in', async () => {
  await using cluster = await startCluster()
  const instances: Place[] = [await cluster.add(['identity']), await cluster.add(['identity'])]
  const limits = { LIMIT_SIGN_IN: 'none', LIMIT_ANONYMOUS: 'none' }
  const [one, other] = [await cluster.add(['gateway'], limits), await cluster.add(['gateway'], limits)]
  const [here, there] = [callsTo(one.web), callsTo(other.web)]
  const signIn = async () => (JSON.parse((await here.login()).text) as { token: string }).token
  const isOut = (token: string) => async () =>
    (await here.me(token)) === 401 && (await there.me(token)) === 401
  assert.equal((await here.signUp()).status, 201)

  for (const instance of instances) {
    const token = await signIn()
    assert.deepEqual([await here.me(token), await there.me(token)], [200, 200])
    await instance.program.stop('SIGKILL')
    await eventually(async () => (await here.endAll(token)).status === 200, 5_000)
    await eventually(isOut(token), 1_000)
    await instance.start()
  }

  const [known, unknown] = [await signIn(), await signIn()]
  for (const calls of [here, there]) assert.equal(await calls.combine(known), 200)
  await Promise.all(instances.map(({ program }) => program.stop('SIGKILL')))
  const deadAt = Date.now()
  while (Date.now() - deadAt < 3_000)
    for (const calls of [here, there]) {
      assert.equal(await calls.combine(known), 200)
      assert.equal(await calls.combine(unknown), 503)
      assert.equal((await calls.login()).status, 503)
    }
  await Promise.all(instances.map((instance) => instance.start()))
  await eventually(async () => (await here.login()).status === 200, 5_000)
  assert.equal(await here.me(known), 200)
  await here.endAll(known)
  await eventually(isOut(known), 3_000)
})
