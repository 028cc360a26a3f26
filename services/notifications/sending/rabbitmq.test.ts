import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualHost } from '#platform/testing/rabbitmq.ts'
import { headerOf, startScene, startSmtp, verifyEmail } from '../testing.ts'

test('on RabbitMQ an e-mail goes by notifications.direct and email.queue, whose dead letters go to notifications.dlx', async () => {
  await using rabbitmq = await createVirtualHost()
  await using smtp = await startSmtp()
  await using scene = await startScene({ BUS_URL: rabbitmq.url, SMTP_URL: smtp.url })
  const to = { email: 'rabbit@people.example' }
  const id = await scene.send({ ...verifyEmail, to })
  await scene.becomes(id, 'delivered')
  assert.equal(headerOf(smtp.mails[0]!, 'message-id'), `<notification.${id}@post.example>`)
  smtp.manners.onRecipient = () => '450 4.2.1 busy'
  const failed = await scene.send({ ...verifyEmail, to })
  assert.equal((await scene.becomes(failed, 'failed')).attempts, 4)

  const ask = async <T>(path: string) => {
    const { origin, username, password } = new URL(rabbitmq.managementUrl)
    const authorization = `Basic ${btoa(`${username}:${password}`)}`
    return (await (
      await fetch(`${origin}/api/${path}`, { headers: { authorization, connection: 'close' } })
    ).json()) as T
  }
  const exchange = await ask<{ type: string; durable: boolean }>(
    `exchanges/${rabbitmq.name}/notifications.direct`,
  )
  assert.deepEqual([exchange.type, exchange.durable], ['direct', true])
  for (const channel of ['email', 'sms']) {
    const queue = await ask<{ durable: boolean; arguments: Record<string, string> }>(
      `queues/${rabbitmq.name}/${channel}.queue`,
    )
    assert.equal(queue.durable, true)
    assert.equal(queue.arguments['x-dead-letter-exchange'], 'notifications.dlx')
    const bindings = await ask<{ source: string; routing_key: string }[]>(
      `queues/${rabbitmq.name}/${channel}.queue/bindings`,
    )
    assert.deepEqual(
      bindings.filter(({ source }) => source !== '').map(({ source, routing_key }) => [source, routing_key]),
      [['notifications.direct', channel]],
    )
  }
})
