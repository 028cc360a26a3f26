import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { identity } from '#contracts/identity.ts'
import { startScene, until, verifyEmail, type Scene } from './testing.ts'

let scene: Scene
before(async () => {
  scene = await startScene()
})
after(() => scene[Symbol.asyncDispose]())

const open = { template: 'export_ready', variables: { link: 'https://x.example/export' } }

async function correspondence() {
  const person = scene.person()
  const ids = [
    await scene.send({ ...open, to: { accountId: person.id } }),
    await scene.send({ ...verifyEmail, to: { accountId: person.id } }),
    await scene.send({ ...open, to: { email: person.email! } }),
  ]
  for (const id of ids) await scene.becomes(id, 'kept')
  return { person, ids }
}

test('an export has all that was sent, without the text of secrets', async () => {
  const { person, ids } = await correspondence()
  const stranger = await scene.send({ ...open, to: { accountId: scene.person().id } })
  await scene.becomes(stranger, 'kept')
  const as = { kind: 'account', accountId: person.id, sessionId: v7(), roles: ['customer'] } as const
  const { id: exportId } = await scene.host.client(identity, as).requestExport({})
  const part = await until(async () => scene.people.exports.find((one) => one.exportId === exportId))
  assert.equal(part.service, 'notifications')
  const { notifications } = part.content as {
    notifications: { id: string; text: string | null; history: object[] }[]
  }
  assert.deepEqual(
    notifications.map(({ id }) => id),
    ids.toReversed(),
  )
  assert.deepEqual(
    notifications.map(({ text }) => text?.includes('https://x.example/export')),
    [true, undefined, true],
  )
  assert.ok(notifications.every(({ history }) => history.length === 2))
  assert.doesNotMatch(JSON.stringify(part), /123456|secret-token/)
})

test('an erasure leaves nothing of the account, neither by its id nor by its address, and is reported each time', async () => {
  const { person, ids } = await correspondence()
  const other = await correspondence()
  const erase = () => scene.host.client(identity).eraseAccount({ accountId: person.id })
  for (let round = 0; round < 2; round++) {
    const { id: erasureId } = await erase()
    const report = await until(async () => scene.people.erasures.find((one) => one.erasureId === erasureId))
    assert.equal(report.service, 'notifications')
  }
  for (const id of ids) await assert.rejects(scene.client.showNotification({ id }), { code: 'notFound' })
  const { rows } = await sql`
    select from notifications where account_id = ${person.id} or recipient = ${person.email}`.execute(
    scene.db,
  )
  assert.equal(rows.length, 0)
  const { rows: left } = await sql<{ requests: number; events: number }>`
    select (select count(*) from requests where id not in (select request_id from notifications)) as requests,
      (select count(*) from notification_events where notification_id not in (select id from notifications)) as events`.execute(
    scene.db,
  )
  assert.deepEqual(left, [{ requests: 0, events: 0 }])
  for (const id of other.ids) assert.equal((await scene.client.showNotification({ id })).state, 'kept')
})

test('what was on its way when the account was erased comes to nothing', async () => {
  const person = scene.person()
  scene.people.isDown = true
  const id = await scene.send({ ...open, to: { accountId: person.id } })
  await until(async () =>
    (await scene.client.showNotification({ id })).history.length > 1 ? true : undefined,
  )
  const { id: erasureId } = await scene.host.client(identity).eraseAccount({ accountId: person.id })
  await until(async () => scene.people.erasures.find((one) => one.erasureId === erasureId))
  scene.people.isDown = false
  await assert.rejects(scene.client.showNotification({ id }), { code: 'notFound' })
})
