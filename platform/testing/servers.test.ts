import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type ConfirmChannel } from 'amqplib'
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

test('a killed RabbitMQ comes back on the same port with what a quorum queue confirmed', async () => {
  await using rabbitmq = await startRabbitmq()
  const queue = { durable: true, arguments: { 'x-queue-type': 'quorum' } }
  await withChannel(rabbitmq.url, (channel) => channel.assertQueue('kept', queue))
  await rabbitmq.restart() // See `kill`.
  await withChannel(rabbitmq.url, async (channel) => {
    channel.sendToQueue('kept', Buffer.from('letter'), { persistent: true })
    await channel.waitForConfirms()
    await rabbitmq.kill()
  })
  await rabbitmq.restart()
  await withChannel(rabbitmq.url, async (channel) => {
    const letter = await channel.get('kept', { noAck: true })
    assert.equal(letter && letter.content.toString(), 'letter')
  })
})

test('two virtual hosts do not see each other', async () => {
  await using one = await createVirtualHost()
  await using other = await createVirtualHost()
  await withChannel(one.url, (channel) => channel.assertQueue('mine'))
  await withChannel(other.url, (channel) => assert.rejects(channel.checkQueue('mine'), /NOT_FOUND/))
})

async function withChannel(url: string, use: (channel: ConfirmChannel) => Promise<unknown>): Promise<void> {
  const connection = await connect(url)
  connection.on('error', () => {})
  try {
    const channel = await connection.createConfirmChannel()
    channel.on('error', () => {})
    await use(channel)
  } finally {
    await connection.close().catch(() => {}) // Closed already where the broker was killed.
  }
}

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
