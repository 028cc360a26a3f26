import assert from 'node:assert/strict'
import { after, afterEach, before, mock, test } from 'node:test'
import { sql } from 'kysely'
import { metrics } from '#platform/metrics.ts'
import {
  headerOf,
  makeDue,
  startScene,
  startSmtp,
  until,
  verifyEmail,
  type Scene,
  type SmtpWorld,
} from '../testing.ts'

let smtp: SmtpWorld
let scene: Scene
before(async () => {
  smtp = await startSmtp()
  scene = await startScene({ SMTP_URL: smtp.url })
})
after(async () => {
  await scene[Symbol.asyncDispose]()
  await smtp[Symbol.asyncDispose]()
})
afterEach(() => {
  smtp.manners = {}
  smtp.mails.length = 0
  scene.people.isDown = false
})

const welcome = { template: 'welcome_email', variables: { name: 'Rahima' } }
const states = (history: { state: string }[]) => history.map(({ state }) => state)

test('an e-mail comes in the language of the account, with what programs need to know about it', async () => {
  const { id: accountId, email } = scene.person({ language: 'bn' })
  const id = await scene.send({ ...welcome, to: { accountId } })
  const { history, recipient, language, attempts } = await scene.becomes(id, 'delivered')
  assert.deepEqual(states(history), ['queued', 'sending', 'delivered'])
  assert.match(history.at(-1)?.detail ?? '', /^250 /)
  assert.deepEqual([recipient, language, attempts], [email, 'bn', 1])
  const [mail] = smtp.mails
  assert.equal(mail?.to, email)
  assert.equal(headerOf(mail!, 'message-id'), `<notification.${id}@post.example>`)
  assert.equal(headerOf(mail!, 'from'), 'Dakghar <no-reply@post.example>')
  assert.equal(headerOf(mail!, 'auto-submitted'), 'auto-generated')
  assert.equal(headerOf(mail!, 'content-language'), 'bn')
  assert.equal(headerOf(mail!, 'list-unsubscribe'), '<https://post.example/account/notifications>')
  assert.match(mail!.raw, /text\/plain/)
  assert.match(mail!.raw, /text\/html/)
})

test('security is told whatever the person wants, without a way to unsubscribe, to unverified addresses too, at night too', async () => {
  const none = { email: false, push: false }
  const { id: accountId } = scene.person({
    isEmailVerified: false,
    preferences: {
      topics: { security: none, mail: none, chat: none, orders: none, news: none },
      quietHours: { from: '00:00', to: '23:59' },
    },
  })
  const id = await scene.send({ template: 'password_changed', to: { accountId } })
  await scene.becomes(id, 'delivered')
  assert.equal(headerOf(smtp.mails[0]!, 'list-unsubscribe'), undefined)
})

test('what the person does not want, or can not get, is skipped with the reason', async () => {
  const wanted = scene.person().preferences
  const unwanted = { ...wanted, topics: { ...wanted.topics, news: { email: false, push: true } } }
  const cases = [
    [scene.person({ preferences: unwanted }).id, 'the person does not want it'],
    [scene.person({ isEmailVerified: false }).id, 'the e-mail address is not verified'],
    [scene.person({ email: null }).id, 'the account has no e-mail address'],
    ['0194b1d0-0000-7000-8000-000000000000', 'there is no such account'],
  ] as const
  for (const [accountId, reason] of cases) {
    const id = await scene.send({ ...welcome, to: { accountId } })
    const { history } = await scene.becomes(id, 'skipped')
    assert.deepEqual(history.at(-1)?.detail, reason)
  }
  assert.equal(smtp.mails.length, 0)
})

test('what a secret was made of is wiped when it is delivered, and nothing else', async () => {
  const secret = await scene.send({ ...verifyEmail, to: { email: 'a@people.example' } })
  assert.equal((await scene.becomes(secret, 'delivered')).rendering, null)
  const { rows } = await sql`select from notifications where id = ${secret} and variables is null`.execute(
    scene.db,
  )
  assert.equal(rows.length, 1)
  const open = await scene.send({
    template: 'export_ready',
    variables: { link: 'https://x.example' },
    to: { email: 'a@people.example' },
  })
  assert.match((await scene.becomes(open, 'delivered')).rendering?.text ?? '', /https:\/\/x\.example/)
  await assert.rejects(scene.client.retryNotification({ id: open }), { code: 'notRetriable', status: 409 })
})

test('a server that is busy is tried again after 1, 2 and 4 seconds, and the fourth attempt is the last', async () => {
  smtp.manners.onRecipient = () => '450 4.2.1 mailbox busy'
  const id = await scene.send({ ...verifyEmail, to: { email: 'busy@people.example' } })
  const { history, attempts, rendering } = await scene.becomes(id, 'failed')
  assert.deepEqual([attempts, rendering], [4, null])
  const began = history.filter(({ state }) => state === 'sending').map(({ at }) => Date.parse(at))
  const waits = began.slice(1).map((at, index) => at - began[index]!)
  for (const [index, least] of [1000, 2000, 4000].entries())
    assert.ok(waits[index]! >= least - 50 && waits[index]! < least + 900, `waited ${waits.join(', ')} ms`)
  assert.match(history.at(-1)?.detail ?? '', /^450 4\.2\.1/)
})

test('a server that is busy once gets it in the end', async () => {
  let tries = 0
  smtp.manners.onMessage = () => (tries++ === 0 ? '451 4.3.0 try again' : undefined)
  const id = await scene.send({ ...verifyEmail, to: { email: 'busy@people.example' } })
  const { history } = await scene.becomes(id, 'delivered')
  assert.deepEqual(states(history), ['queued', 'sending', 'queued', 'sending', 'delivered'])
  assert.equal(history[2]?.detail, 'attempt 1: 451 4.3.0 try again')
})

test('a refusal for good is not tried again', async () => {
  smtp.manners.onRecipient = () => '550 5.1.1 no such mailbox'
  const id = await scene.send({ ...verifyEmail, to: { email: 'nobody@people.example' } })
  const { attempts, history } = await scene.becomes(id, 'failed')
  assert.equal(attempts, 1)
  assert.match(history.at(-1)?.detail ?? '', /^550 5\.1\.1/)
  await assert.rejects(scene.client.retryNotification({ id }), { code: 'notRetriable' })
})

test('one that is no secret can be sent again after it failed', async () => {
  smtp.manners.onMessage = () => '554 5.7.1 looks like spam'
  const id = await scene.send({ ...welcome, to: { email: 'a@people.example' } })
  await scene.becomes(id, 'failed')
  smtp.manners = {}
  assert.equal((await scene.client.retryNotification({ id })).state, 'queued')
  const { history, attempts } = await scene.becomes(id, 'delivered')
  assert.deepEqual(states(history), ['queued', 'sending', 'failed', 'queued', 'sending', 'delivered'])
  assert.equal(attempts, 1)
})

test('a connection that breaks off is an attempt that failed', async () => {
  let tries = 0
  smtp.manners.onMessage = (_mail, hangUp) => {
    if (tries++ === 0) hangUp()
    return undefined
  }
  const id = await scene.send({ ...verifyEmail, to: { email: 'cut@people.example' } })
  const { history, attempts } = await scene.becomes(id, 'delivered')
  assert.equal(attempts, 2)
  assert.match(history[2]?.detail ?? '', /^attempt 1: /)
  const ids = smtp.mails.map((mail) => headerOf(mail, 'message-id'))
  assert.equal(new Set(ids).size, 1, 'who got it twice can tell')
})

test('a slow server holds up neither the database nor who asks', async () => {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  smtp.manners.onMessage = () => promise
  const ids = await Promise.all(
    Array.from({ length: 8 }, () => scene.send({ ...verifyEmail, to: { email: 'slow@people.example' } })),
  )
  await until(async () => (await countIn('sending')) === 5 || undefined)
  const { rows } = await sql<{ open: number }>`
    select count(*) as open from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%'`.execute(scene.db)
  assert.equal(rows[0]?.open, 0)
  resolve(undefined)
  for (const id of ids) await scene.becomes(id, 'delivered')
})

test('who comes back after another process took over changes nothing any more', async () => {
  const replies = [Promise.withResolvers<string | undefined>(), Promise.withResolvers<string | undefined>()]
  let arrived = 0
  smtp.manners.onMessage = () => replies[arrived++]?.promise
  const id = await scene.send({ ...welcome, to: { email: 'late@people.example' } })
  await until(async () => arrived === 1 || undefined)
  await makeDue(scene.db)
  await until(async () => arrived === 2 || undefined)
  replies[1]!.resolve(undefined)
  const delivered = await scene.becomes(id, 'delivered')
  replies[0]!.resolve('554 5.7.1 too late')
  const other = await scene.send({ ...welcome, to: { email: 'next@people.example' } })
  await scene.becomes(other, 'delivered')
  assert.deepEqual(await scene.client.showNotification({ id }), delivered)
  assert.deepEqual(states(delivered.history), ['queued', 'sending', 'queued', 'sending', 'delivered'])
})

async function countIn(state: string): Promise<number> {
  const { rows } = await sql<{
    n: number
  }>`select count(*) as n from notifications where state = ${state}`.execute(scene.db)
  return rows[0]!.n
}

test('what can wait waits for the end of the quiet hours, and goes then', async () => {
  const wanted = scene.person().preferences
  const now = new Date()
  const clock = (hours: number) => `${String((now.getUTCHours() + 24 + hours) % 24).padStart(2, '0')}:00`
  const quietHours = { from: clock(-1), to: clock(2) }
  const person = scene.person({ timeZone: 'UTC', preferences: { ...wanted, quietHours } })
  const id = await scene.send({ ...welcome, to: { accountId: person.id } })
  const putOff = await until(async () => {
    const shown = await scene.client.showNotification({ id })
    return shown.history.length > 1 ? shown : undefined
  })
  const [, said = ''] = /^quiet hours until (.+)$/.exec(putOff.history[1]?.detail ?? '') ?? []
  assert.equal(said.slice(11, 16), quietHours.to)
  const { rows } = await sql<{ offMs: number }>`
    select abs(extract(epoch from due_at - ${said}::timestamptz) * 1000)::int as "offMs" from notifications where id = ${id}`.execute(
    scene.db,
  )
  assert.ok(rows[0]!.offMs < 1000)
  assert.deepEqual([putOff.state, putOff.attempts, smtp.mails.length], ['queued', 0, 0])
  scene.people.people.set(person.id, { ...person, preferences: wanted })
  await makeDue(scene.db)
  await scene.becomes(id, 'delivered')
})

test('while identity does not answer, notifications wait and use up no attempt', async () => {
  scene.people.isDown = true
  const id = await scene.send({ ...welcome, to: { accountId: scene.person().id } })
  await until(async () =>
    (await scene.client.showNotification({ id })).history.length > 1 ? true : undefined,
  )
  await makeDue(scene.db)
  await until(async () => {
    const { rows } = await sql<{ n: number }>`select claims as n from notifications where id = ${id}`.execute(
      scene.db,
    )
    return rows[0]!.n > 1 || undefined
  })
  scene.people.isDown = false
  await makeDue(scene.db)
  const { attempts, history } = await scene.becomes(id, 'delivered')
  assert.equal(attempts, 1)
  assert.deepEqual(states(history), ['queued', 'queued', 'sending', 'delivered'], 'each reason once in a row')
})

test('a code that would come after its time is not sent', async () => {
  const id = await scene.send({
    ...verifyEmail,
    variables: { ...verifyEmail.variables, minutes: 0 },
    to: { email: 'late@people.example' },
  })
  assert.equal((await scene.becomes(id, 'failed')).history.at(-1)?.detail, 'its code is no longer good')
})

test('a server that can not be one of SMTP is refused at start', async () => {
  await assert.rejects(startScene({ SMTP_URL: 'mail.example:25' }), /^Error: SMTP_URL: /)
  await assert.rejects(startScene({ SMTP_URL: 'https://mail.example' }), /^Error: SMTP_URL: /)
})

test('metrics count outcomes, and how long deliveries took', async () => {
  const text = await metrics.metrics()
  for (const outcome of ['delivered', 'skipped', 'failed', 'attemptFailed', 'putOff'])
    assert.match(
      text,
      new RegExp(`dakghar_notifications_total\\{channel="email",outcome="${outcome}"\\} [1-9]`),
    )
  assert.match(text, /dakghar_notification_delivery_seconds_count\{channel="email"\} [1-9]/)
})

test('when a server keeps failing, messages wait without an attempt until it is well', async () => {
  smtp.manners.onRecipient = () => '421 4.3.2 shutting down'
  mock.timers.enable({ apis: ['Date'], now: Date.now() })
  try {
    const open = { template: 'export_ready', variables: { link: 'https://x.example' } }
    const failing = await scene.send({ ...open, to: { email: 'a@people.example' } })
    const other = await scene.send({ ...open, to: { email: 'b@people.example' } })
    await until(async () => {
      const attempts = [failing, other].map(
        async (id) => (await scene.client.showNotification({ id })).attempts,
      )
      return (await Promise.all(attempts)).reduce((sum, one) => sum + one) >= 5 || undefined
    })
    await until(async () => (await countIn('sending')) === 0 || undefined)
    const connections = smtp.connections
    const parked = await scene.send({ ...open, to: { email: 'c@people.example' } })
    mock.timers.tick(29_000)
    await makeDue(scene.db)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    assert.equal(smtp.connections, connections, 'nothing is tried while it is open')
    assert.equal((await scene.client.showNotification({ id: parked })).attempts, 0)
    smtp.manners = {}
    mock.timers.tick(1000)
    await makeDue(scene.db)
    for (const id of [failing, other, parked]) {
      await makeDue(scene.db)
      await scene.becomes(id, 'delivered', 'failed')
    }
    const { attempts, state } = await scene.client.showNotification({ id: parked })
    assert.deepEqual([state, attempts], ['delivered', 1])
  } finally {
    mock.timers.reset()
  }
})
