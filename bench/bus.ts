import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { busSchema } from '#platform/bus/open.ts'
import { startEmbeddedPostgres } from '#platform/database/embedded.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { startRabbitmq } from '#platform/testing/rabbitmq.ts'
import { compare, interleave, type Bench } from './bench.ts'
import { batchSize, type Servers } from './bus/contender.ts'
import { benchSchema } from './bus/dakghar.ts'

const rounds = 7
const roundMs = 3000
const ours = 'dakghar'
const contenders = [ours, 'pgboss', 'rabbitmq']

const bus: Bench = {
  name: 'bus',
  summary:
    `Events a second, from publishing to the committed effect, in rounds of ${roundMs / 1000} s: 300 bytes, 64 publishers at once each ` +
    'awaiting that its own event is durable, one process that publishes and one that consumes. The effect of an event ' +
    `is a row in Postgres, once, written in transactions of up to ${batchSize} events. Ours: bus adapter postgres, emit and a batched ` +
    'subscription, payloads validated on both sides. pg-boss: send, transactional batch worker that fetches again while ' +
    'batches are full. RabbitMQ: amqplib, publisher confirms, durable quorum queue, prefetch of two batches, acknowledged ' +
    'after the insert, which a primary key makes idempotent. A durable Postgres for each. Medians of interleaved rounds.',
  async run() {
    await using stack = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'dakghar-bench-bus-'))
    stack.defer(() => rm(directory, { recursive: true, force: true }))
    const rabbitmq = stack.use(await startRabbitmq())
    const measures: Record<string, () => Promise<number>> = {}
    for (const name of contenders) {
      const postgres = stack.use(await startEmbeddedPostgres({ directory: join(directory, name) }))
      await using database = openDatabase({ url: postgres.url })
      await database.migrate([busSchema, benchSchema])
      const pair = await startPair(name, { postgres: postgres.url, rabbitmq: rabbitmq.url })
      stack.defer(() => pair.stop())
      measures[name] = pair.measure
    }
    return compare(await interleave(measures, rounds), ours, 'events/s')
  },
}

export default bus

async function startPair(name: string, servers: Servers) {
  const consumer = await startWorker('consume', name, servers)
  const publisher = await startWorker('publish', name, servers)
  return {
    async measure(): Promise<number> {
      const startedAt = performance.now()
      publisher.send(roundMs)
      const [count] = (await once(publisher, 'message')) as [number]
      consumer.send(count)
      await once(consumer, 'message')
      return (count / (performance.now() - startedAt)) * 1000
    },
    async stop(): Promise<void> {
      for (const worker of [publisher, consumer]) {
        worker.kill()
        await once(worker, 'exit')
      }
    },
  }
}

async function startWorker(
  role: 'publish' | 'consume',
  name: string,
  servers: Servers,
): Promise<ChildProcess> {
  const worker = fork(join(import.meta.dirname, 'bus/worker.ts'), [role, name, JSON.stringify(servers)])
  await once(worker, 'message')
  return worker
}
