import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { headerOf, makeDue, startScene, startSmtp, until, verifyEmail } from '../testing.ts'

const api = ['identity', 'notifications/api']

test('a process killed between sending and noting it: the mail comes again, with the same Message-ID, and the history says so', async () => {
  await using smtp = await startSmtp()
  await using scene = await startScene({}, api)
  const settings = {
    NODE_ENV: 'test',
    DATABASE_URL: scene.host.databaseUrl,
    DATA_DIR: scene.host.dataDirectory,
    SMTP_URL: smtp.url,
    DOMAIN: 'post.example',
    RPC_ADDRESS: 'tcp://127.0.0.1:0',
    OPS_PORT: '0',
    LOG_SHIP: 'false',
  }
  const script = fileURLToPath(new URL('./email-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], { stdio: 'inherit' })
  const exited = once(child, 'exit')
  smtp.manners.onMessage = async (mail) => {
    smtp.mails.push(mail)
    child.kill('SIGKILL')
    await exited
    return '451 4.3.0 nobody hears this'
  }
  const id = await scene.send({ ...verifyEmail, to: { email: 'twice@people.example' } })
  await exited
  smtp.manners = {}
  assert.equal((await scene.client.showNotification({ id })).state, 'sending')

  await using _ = await scene.join(['notifications/email'], { SMTP_URL: smtp.url })
  await makeDue(scene.db)
  const { attempts, history } = await scene.becomes(id, 'delivered')
  assert.equal(attempts, 2)
  assert.deepEqual(
    history.map(({ state }) => state),
    ['queued', 'sending', 'queued', 'sending', 'delivered'],
  )
  assert.match(history[2]?.detail ?? '', /may come twice/)
  assert.deepEqual(
    smtp.mails.map((mail) => headerOf(mail, 'message-id')),
    [id, id].map((id) => `<notification.${id}@post.example>`),
  )
})

test('a process that stops lets go of what it can not finish, and another one sends it', async () => {
  await using smtp = await startSmtp()
  await using scene = await startScene({}, api)
  const first = await scene.join(['notifications/email'], { SMTP_URL: smtp.url })
  const arrived = Promise.withResolvers<void>()
  smtp.manners.onMessage = () => {
    arrived.resolve()
    return new Promise(() => {})
  }
  const id = await scene.send({ ...verifyEmail, to: { email: 'handed-on@people.example' } })
  await arrived.promise
  await first[Symbol.asyncDispose]()
  assert.equal((await scene.client.showNotification({ id })).state, 'queued')
  smtp.manners = {}
  await using _ = await scene.join(['notifications/email'], { SMTP_URL: smtp.url })
  assert.equal((await scene.becomes(id, 'delivered')).attempts, 2)
})

test('three processes share the work, and nothing is sent twice', async () => {
  const servers = await Promise.all([startSmtp(), startSmtp(), startSmtp()])
  await using stack = new AsyncDisposableStack()
  for (const server of servers) stack.use(server)
  const scene = stack.use(await startScene({}, api))
  for (const { url } of servers)
    stack.use(await scene.join(['notifications/email'], { SMTP_URL: url, SMTP_CONNECTIONS: '2' }))
  for (const server of servers)
    server.manners.onMessage = () => new Promise((resolve) => setTimeout(() => resolve(undefined), 20))
  const addresses = Array.from({ length: 120 }, (_, i) => `p${i}@people.example`)
  await Promise.all(addresses.map((email) => scene.send({ ...verifyEmail, to: { email } })))
  await until(async () => {
    const { rows } = await sql<{ n: number }>`
      select count(*) as n from notifications where state = 'delivered'`.execute(scene.db)
    return rows[0]!.n === addresses.length || undefined
  })
  assert.deepEqual(servers.flatMap(({ mails }) => mails.map(({ to }) => to)).sort(), addresses.sort())
  for (const { mails } of servers) assert.ok(mails.length > 0)
})
