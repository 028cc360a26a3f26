import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { v7 } from 'uuid'
import { startScene, verifyEmail, type Scene } from './testing.ts'

let scene: Scene
before(async () => {
  scene = await startScene()
})
after(() => scene[Symbol.asyncDispose]())

const to = { email: 'somebody@people.example' }

test('a template that is not there, and variables that are missing, are refused by name', async () => {
  await assert.rejects(scene.client.sendNotification({ template: 'nonsense', to }), {
    code: 'unknownTemplate',
    status: 422,
  })
  await assert.rejects(
    scene.client.sendNotification({ template: 'verify_email', to, variables: { link: 'https://x.example' } }),
    {
      code: 'missingVariables',
      status: 422,
      fields: [
        { path: 'variables.code', message: 'verify_email needs it' },
        { path: 'variables.minutes', message: 'verify_email needs it' },
      ],
    },
  )
})

test('twenty equal requests at once make one notification, and answer the same', async () => {
  for (let round = 0; round < 5; round++) {
    const requestId = v7()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => scene.client.sendNotification({ ...verifyEmail, requestId, to })),
    )
    for (const answer of answers) assert.deepEqual(answer, answers[0])
    assert.equal(answers[0]!.requestId, requestId)
    const { rows } = await sql<{ events: number }>`
      select (select count(*) from notification_events where notification_id = n.id and state = 'kept') as events
      from notifications n where request_id = ${requestId}`.execute(scene.db)
    assert.equal(rows.length, 1)
    await scene.becomes(answers[0]!.notifications[0]!.id, 'kept')
  }
})

test('a request without an id gets one, and another the next time', async () => {
  const [one, other] = [
    await scene.client.sendNotification({ ...verifyEmail, to }),
    await scene.client.sendNotification({ ...verifyEmail, to }),
  ]
  assert.notEqual(one.requestId, other.requestId)
})

test('without channels it goes by all that the template has and the address takes', async () => {
  const variables = { link: 'https://x.example', minutes: 30 }
  const channels = async (to: Parameters<typeof scene.client.sendNotification>[0]['to']) =>
    (await scene.client.sendNotification({ template: 'password_reset', to, variables })).notifications.map(
      ({ channel }) => channel,
    )
  assert.deepEqual(await channels({ accountId: scene.person().id }), ['email', 'sms'])
  assert.deepEqual(await channels(to), ['email'])
  assert.deepEqual(await channels({ phone: '+8801712345678' }), ['sms'])
})

test('a channel by which nothing can go is skipped, with the reason', async () => {
  const reasonOf = async (
    channels: ('push' | 'sms' | 'email')[],
    to: Parameters<typeof scene.send>[0]['to'],
  ) => {
    const id = await scene.send({ ...verifyEmail, channels, to })
    const { state, history, rendering } = await scene.client.showNotification({ id })
    assert.deepEqual([state, rendering, history.length], ['skipped', null, 1])
    return history[0]!.detail
  }
  const { id: accountId } = scene.person()
  assert.equal(await reasonOf(['push'], { accountId }), 'no device is registered')
  assert.equal(await reasonOf(['sms'], { accountId }), 'the template has no text for sms')
  assert.equal(
    await reasonOf(['email'], { phone: '+8801712345678' }),
    "a phone number can't be reached by email",
  )
})

test('what it is made of can not be read from the database alone', async () => {
  const id = await scene.send({ ...verifyEmail, to })
  await scene.becomes(id, 'kept')
  const { rows } = await sql<{ row: string }>`
    select row_to_json(notifications)::text || encode(variables, 'escape') || encode(rendering, 'escape') as row
    from notifications where id = ${id}`.execute(scene.db)
  assert.match(rows[0]!.row, /somebody@people/)
  assert.doesNotMatch(rows[0]!.row, /123456|secret-token/)
})

test('only services may ask, only admins may look', async () => {
  const account = (...roles: ('customer' | 'staff')[]) =>
    ({ kind: 'account', accountId: v7(), sessionId: v7(), roles }) as const
  const { notifications } = await import('#contracts/notifications.ts')
  const customer = scene.host.client(notifications, account('customer'))
  const staff = scene.host.client(notifications, account('staff'))
  await assert.rejects(staff.sendNotification({ ...verifyEmail, to }), { code: 'forbidden' })
  await assert.rejects(staff.listNotifications({}), { code: 'forbidden' })
  await assert.rejects(customer.listTemplates({}), { code: 'forbidden' })
  assert.ok((await staff.listTemplates({})).items.length > 0)
})
