import { randomUUID } from 'node:crypto'
import type amqplib from 'amqplib'
import type { ConsumeMessage } from 'amqplib'
import pg from 'pg'
import { requirePeer } from '../bench.ts'
import { batchSize, type Contender, type Servers } from './contender.ts'

const queue = 'orders'

/** RabbitMQ delivers some messages twice after a break: the key of `effects_once` makes the second have no effect. */
export async function open({ postgres, rabbitmq }: Servers): Promise<Contender> {
  const { connect } = requirePeer('amqplib') as typeof amqplib
  const connection = await connect(rabbitmq)
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  const pool = new pg.Pool({ connectionString: postgres })

  const waiting: ConsumeMessage[] = []
  let isWriting = false
  async function writeAll(handled: (count: number) => void): Promise<void> {
    if (isWriting) return
    isWriting = true
    while (waiting.length > 0) {
      const messages = waiting.splice(0, batchSize)
      const ids = messages.map(({ properties }) => properties.messageId)
      const texts = messages.map(({ content }) => JSON.parse(content.toString()).text)
      await pool.query(
        `insert into bench.effects_once select * from unnest($1::uuid[], $2::text[]) on conflict do nothing`,
        [ids, texts],
      )
      channel.ack(messages.at(-1)!, true)
      handled(messages.length)
    }
    isWriting = false
  }

  return {
    publish(id, text) {
      const content = Buffer.from(JSON.stringify({ id, text }))
      return new Promise((resolve, reject) => {
        channel.sendToQueue(queue, content, { persistent: true, messageId: randomUUID() }, (error) =>
          error ? reject(error) : resolve(),
        )
      })
    },
    async consume(handled) {
      await channel.prefetch(2 * batchSize)
      await channel.consume(queue, (message) => {
        waiting.push(message!)
        setImmediate(() => void writeAll(handled))
      })
    },
  }
}
