import { connect } from 'amqplib'
import { checkBus } from '#platform/bus/bus.checks.ts'
import { shopSchema, type BusServer } from '#platform/bus/checks/scene.ts'
import { busSchema, openBus } from '#platform/bus/open.ts'
import { testDatabase } from '#platform/database/testing.ts'
import { silentLogger } from '#platform/log.ts'
import { openSignals } from '#platform/signals/open.ts'
import { createVirtualHost } from '#platform/testing/rabbitmq.ts'

async function start(): Promise<BusServer> {
  const [database, host] = await Promise.all([testDatabase([busSchema, shopSchema]), createVirtualHost()])
  const signals = await openSignals('local:', { log: silentLogger })
  return {
    database,
    open: () => openBus(host.url, { database, signals, log: silentLogger }),
    async inject(exchange, event, payload) {
      const connection = await connect(host.url)
      const channel = await connection.createConfirmChannel()
      channel.publish(exchange, event, Buffer.from(payload))
      await channel.waitForConfirms()
      await connection.close()
    },
    async [Symbol.asyncDispose]() {
      await signals[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await host[Symbol.asyncDispose]()
    },
  }
}

checkBus('rabbitmq', start)
