import { sql } from 'kysely'
import { z } from 'zod'
import { contract } from '#contracts/contract.ts'
import type { Delivery } from '#platform/bus/bus.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import type { SchemaSource } from '#platform/database/database.ts'
import { openDatabase } from '#platform/database/pool.ts'
import { silentLogger } from '#platform/log.ts'
import { openSignals } from '#platform/signals/open.ts'
import { batchSize, type Contender, type Servers } from './contender.ts'

const Order = z.object({ id: z.int(), text: z.string() })
const { events } = contract('bench', { events: { orderPlaced: Order } })
export const benchSchema: SchemaSource = {
  name: 'bench',
  migrations: new URL('./migrations/', import.meta.url),
}

export async function open({ postgres }: Servers): Promise<Contender> {
  const database = openDatabase({ url: postgres })
  await database.migrate([busSchema, benchSchema])
  const signals = await openSignals(postgres, { log: silentLogger })
  const bus = await openBus('postgres:', { database, signals, log: silentLogger })
  return {
    publish: (id, text) => bus.emit(events.orderPlaced, { id, text }),
    consume: (handled) =>
      bus.subscribe([
        {
          database: database.forService('bench'),
          subscription: {
            name: 'bench.recordOrder',
            event: events.orderPlaced,
            batch: batchSize,
            async handle(deliveries, tx) {
              const orders = deliveries as Delivery<z.output<typeof Order>>[]
              const ids = orders.map(({ id }) => id)
              const texts = orders.map(({ payload }) => payload.text)
              await sql`insert into effects select * from unnest(${ids}::uuid[], ${texts}::text[])`.execute(
                tx,
              )
              return () => handled(orders.length)
            },
          },
        },
      ]),
  }
}
