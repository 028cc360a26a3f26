/** What every adapter must do. Each check has events and subscriptions of its own, on one server. */
import { after, before, describe } from 'node:test'
import { checkDelivery } from './checks/delivery.checks.ts'
import { checkDeadLetters, checkFailure } from './checks/failure.checks.ts'
import { checkInstances } from './checks/instances.checks.ts'
import { checkOrder } from './checks/order.checks.ts'
import type { BusServer } from './checks/scene.ts'

export function checkBus(adapter: string, start: () => Promise<BusServer>): void {
  describe(`bus on ${adapter}`, () => {
    let server: BusServer
    before(async () => void (server = await start()))
    after(() => server[Symbol.asyncDispose]())
    const given = { server: () => server }
    checkDelivery(given)
    checkFailure(given)
    checkDeadLetters(given)
    checkOrder(given)
    checkInstances(given)
  })
}
