import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { sql } from 'kysely'
import type { OutputOf } from '#contracts/client.ts'
import type { notifications } from '#contracts/notifications.ts'
import { wipeOld } from './store/personal.ts'
import { startScene, startSmtp, until, verifyEmail, type Scene } from './testing.ts'

/** Without a provider. */
let scene: Scene
before(async () => {
  scene = await startScene()
})
after(() => scene[Symbol.asyncDispose]())

type Item = OutputOf<typeof notifications.streams.outbox>
const link = { link: 'https://x.example' }

test('without a provider everything is kept, and can be read', async () => {
  assert.deepEqual(await scene.client.showProviders({}), { email: false, sms: false, push: false })
  const id = await scene.send({ ...verifyEmail, to: { accountId: scene.person({ language: 'bn' }).id } })
  const { state, attempts, rendering, history } = await scene.becomes(id, 'kept')
  assert.deepEqual([state, attempts], ['kept', 0])
  assert.deepEqual(
    history.map(({ state, detail }) => [state, detail]),
    [
      ['queued', null],
      ['kept', 'no provider is configured'],
    ],
  )
  assert.equal(rendering?.subject, 'আপনার কোড 123456')
  assert.match(rendering?.text ?? '', /secret-token/)
  assert.match(rendering?.html ?? '', /href="https:\/\/post\.example\/verify\?token=secret-token"/)
})

test('the outbox shows notifications as they are made and change', async () => {
  const controller = new AbortController()
  const items: Item[] = []
  const following = (async () => {
    for await (const item of scene.client.outbox({}, { signal: controller.signal })) items.push(item)
  })().catch((error) => {
    if (!controller.signal.aborted) throw error
  })
  const first = await until(async () => {
    const id = await scene.send({
      template: 'export_ready',
      variables: link,
      to: { email: 'a@people.example' },
    })
    await scene.becomes(id, 'kept')
    return items.some((item) => item.id === id) ? id : undefined
  })
  const ids = await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      scene.send({ template: 'export_ready', variables: link, to: { email: `p${i}@people.example` } }),
    ),
  )
  await until(
    async () => ids.every((id) => items.findLast((item) => item.id === id)?.state === 'kept') || undefined,
  )
  const { rendering: _, history: __, ...shown } = await scene.client.showNotification({ id: first })
  assert.deepEqual(
    items.findLast((item) => item.id === first),
    shown,
  )
  controller.abort()
  await following
})

test('the list goes back page by page, and finds by channel, state, account and part of the address or template', async () => {
  const { id: accountId } = scene.person({ email: 'find_me%@people.example' })
  const mine: string[] = []
  for (let i = 0; i < 5; i++) {
    const id = await scene.send({ template: 'export_ready', variables: link, to: { accountId } })
    await scene.becomes(id, 'kept')
    mine.unshift(id)
  }
  const found: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await scene.client.listNotifications({ accountId, limit: 2, ...(cursor && { cursor }) })
    assert.ok(page.items.length <= 2)
    found.push(...page.items.map(({ id }) => id))
    if (page.nextCursor === null) break
    cursor = page.nextCursor
  }
  assert.deepEqual(found, mine)
  const count = async (filter: Parameters<typeof scene.client.listNotifications>[0]) =>
    (await scene.client.listNotifications(filter)).items.length
  assert.equal(await count({ search: 'FIND_ME%' }), 5)
  assert.equal(await count({ search: 'find_me_' }), 0, 'wildcards are text')
  assert.equal(await count({ search: 'export_re', accountId }), 5)
  assert.equal(await count({ accountId, channel: 'sms' }), 0)
  assert.equal(await count({ accountId, state: 'kept', channel: 'email' }), 5)
  await assert.rejects(scene.client.listNotifications({ cursor: 'nonsense' }), { code: 'invalid' })
  await assert.rejects(scene.client.showNotification({ id: accountId }), { code: 'notFound' })
})

test('every text of every template is listed', async () => {
  const { items } = await scene.client.listTemplates({})
  const verify = items.filter(({ code }) => code === 'verify_email')
  assert.deepEqual(
    verify.map(({ language }) => language),
    ['en', 'bn'],
  )
  const { content, ...rest } = verify[0]!
  assert.match(content, /\{\{ code \| code \}\}/)
  assert.deepEqual(rest, {
    code: 'verify_email',
    channel: 'email',
    language: 'en',
    version: 1,
    topic: 'security',
    isSecret: true,
    subject: '{{ code }} is your code',
    variables: ['code', 'link', 'minutes'],
    optionalVariables: [],
  })
})

test('what was kept is sent once there is a provider', async () => {
  await using scene = await startScene({}, ['identity', 'notifications/api'])
  const id = await scene.send({ ...verifyEmail, to: { email: 'later@people.example' } })
  {
    await using _ = await scene.join(['notifications/email'])
    await scene.becomes(id, 'kept')
  }
  await using smtp = await startSmtp()
  await using _ = await scene.join(['notifications/email'], { SMTP_URL: smtp.url })
  await scene.client.retryNotification({ id })
  assert.equal((await scene.becomes(id, 'delivered', 'kept')).state, 'delivered')
  assert.deepEqual(
    smtp.mails.map(({ to }) => to),
    ['later@people.example'],
  )
})

test('contents of secrets go after a day, of the rest after 90, and nothing can be sent again then', async () => {
  const to = { email: 'old@people.example' }
  const secret = await scene.send({ ...verifyEmail, to })
  const open = await scene.send({ template: 'export_ready', variables: link, to })
  const young = await scene.send({ ...verifyEmail, to })
  for (const id of [secret, open, young]) await scene.becomes(id, 'kept')
  const age = (days: number) =>
    sql`update notifications set changed_at = now() - make_interval(days => ${days}, hours => 1) where id in (${secret}, ${open})`.execute(
      scene.db,
    )
  const isThere = async () =>
    Promise.all(
      [secret, open, young].map(
        async (id) => (await scene.client.showNotification({ id })).rendering !== null,
      ),
    )
  await age(1)
  await wipeOld(scene.db, 90)
  assert.deepEqual(await isThere(), [false, true, true])
  await age(90)
  await wipeOld(scene.db, 90)
  assert.deepEqual(await isThere(), [false, false, true])
  await assert.rejects(scene.client.retryNotification({ id: secret }), { code: 'notRetriable' })
})

test('in development the first ten secrets are printed, one line each, and otherwise none', async () => {
  const printed: string[] = []
  const write = process.stdout.write.bind(process.stdout)
  const spy = mock.method(process.stdout, 'write', (chunk: string | Uint8Array, ...rest: []) => {
    if (typeof chunk === 'string' && chunk.includes('@printed.example')) printed.push(chunk)
    return write(chunk, ...rest)
  })
  try {
    for (const [environment, expected] of [
      ['development', 10],
      ['test', 0],
    ] as const) {
      printed.length = 0
      await using scene = await startScene({ NODE_ENV: environment, LOG_LEVEL: 'silent' })
      const to = (i: number) => ({ email: `p${i}@printed.example` })
      await scene.becomes(await scene.send({ template: 'export_ready', variables: link, to: to(99) }), 'kept')
      for (let i = 0; i < 12; i++)
        await scene.becomes(await scene.send({ ...verifyEmail, to: to(i) }), 'kept')
      assert.equal(printed.length, expected)
      for (const line of printed)
        assert.match(line, /^\[email to p\d@printed\.example\] [^\n]*123456[^\n]*secret-token[^\n]*\n$/)
    }
  } finally {
    spy.mock.restore()
  }
})
