import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { checkBus } from '#platform/bus/bus.checks.ts'
import { shopSchema, type BusServer } from '#platform/bus/checks/scene.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { openSignals } from '#platform/signals/open.ts'

async function start(): Promise<BusServer> {
  const database = await testDatabase([busSchema, shopSchema])
  const signals = await openSignals('local:', { log: silentLogger })
  return {
    database,
    open: () => openBus('postgres:', { database, signals, log: silentLogger }),
    async inject(exchange, event, payload) {
      const name = `${exchange.replace('.events', '')}.${event}`
      await sql`
        insert into bus.deliveries (subscription, event_id, routing_key, payload)
        select id, ${uuidv7()}, ${event}, ${payload}::json from bus.subscriptions
        where event = ${name}`.execute(database.forService('bus'))
    },
    async [Symbol.asyncDispose]() {
      await signals[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
    },
  }
}

checkBus('postgres', start)
