import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'amqplib'
import { createVirtualHost, startRabbitmq } from './rabbitmq.ts'
import { startRedis } from './redis.ts'
import { accepts, startServerProcess } from './server-process.ts'

const accepting = (url: string) => accepts(Number(new URL(url).port)).catch(() => false)

test('redis stops, restarts on the same port and leaves nothing listening', async () => {
  const redis = await startRedis()
  await redis.kill()
  assert.equal(await accepting(redis.url), false)
  await redis.restart()
  assert.equal(await accepting(redis.url), true)
  await redis.stop()
  assert.equal(await accepting(redis.url), false)
})

test('a killed RabbitMQ keeps what a quorum queue confirmed', async () => {
  await using rabbitmq = await startRabbitmq()
  const before = await connect(rabbitmq.url)
  before.on('error', () => {})
  const confirmed = await before.createConfirmChannel()
  confirmed.on('error', () => {})
  await confirmed.assertQueue('kept', { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  confirmed.sendToQueue('kept', Buffer.from('letter'), { persistent: true })
  await confirmed.waitForConfirms()
  await sleep(1000) // See `kill`.
  await rabbitmq.kill()
  await rabbitmq.restart()
  const after = await connect(rabbitmq.url)
  const channel = await after.createChannel()
  const letter = await channel.get('kept', { noAck: true })
  assert.equal(letter && letter.content.toString(), 'letter')
  await after.close()
})

test('two virtual hosts do not see each other', async () => {
  await using one = await createVirtualHost()
  await using other = await createVirtualHost()
  const first = await connect(one.url)
  await (await first.createChannel()).assertQueue('mine')
  const second = await connect(other.url)
  const channel = await second.createChannel()
  channel.on('error', () => {})
  await assert.rejects(channel.checkQueue('mine'), /NOT_FOUND/)
  await first.close()
  await second.close()
})

test('a server dies with the process that started it', { skip: process.platform !== 'linux' }, async () => {
  const source = `
    import { startRedis } from ${JSON.stringify(import.meta.resolve('./redis.ts'))}
    console.log((await startRedis()).url)
    setInterval(() => {}, 1000)`
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', source])
  const [url] = await once(starter.stdout, 'data')
  assert.equal(await accepting(String(url).trim()), true)
  starter.kill('SIGKILL')
  await once(starter, 'exit')
  await sleep(200)
  assert.equal(await accepting(String(url).trim()), false)
})

test('a missing server names the Debian package to install', async () => {
  const missing = startServerProcess({
    debianPackage: 'post-office',
    command: 'no-such-command',
    args: [],
    isReady: () => Promise.resolve(false),
  })
  await assert.rejects(missing, /is post-office installed\?/)
})
