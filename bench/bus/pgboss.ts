import { requirePeer } from '../bench.ts'
import { batchSize, type Contender, type Servers } from './contender.ts'

const queue = 'orders'

interface Job {
  id: string
  data: { text: string }
}

interface Boss {
  on(event: 'error', listener: (error: Error) => void): void
  start(): Promise<void>
  createQueue(name: string): Promise<void>
  send(name: string, data: object): Promise<string>
  work(
    name: string,
    options: object,
    handler: (
      jobs: Job[],
      tx: { executeSql(text: string, values: unknown[]): Promise<unknown> },
    ) => Promise<void>,
  ): Promise<string>
}

/** `transactional`: jobs complete in the handler's transaction, so effects happen once. */
const workOptions = {
  batchSize,
  localConcurrency: 2,
  pollingIntervalSeconds: 0.5,
  burstWhenBatchFull: true,
  transactional: true,
}

export async function open({ postgres }: Servers): Promise<Contender> {
  const { PgBoss } = requirePeer('pg-boss') as { PgBoss: new (options: object) => Boss }
  const boss = new PgBoss({ connectionString: postgres, max: 25 })
  boss.on('error', console.error)
  await boss.start()
  await boss.createQueue(queue)
  return {
    async publish(id, text) {
      await boss.send(queue, { id, text })
    },
    async consume(handled) {
      await boss.work(queue, workOptions, async (jobs, tx) => {
        const ids = jobs.map(({ id }) => id)
        const texts = jobs.map(({ data }) => data.text)
        await tx.executeSql('insert into bench.effects select * from unnest($1::uuid[], $2::text[])', [
          ids,
          texts,
        ])
        handled(jobs.length)
      })
    },
  }
}
