import { checkServerCrashes, crashes } from '#platform/bus/checks/crash.checks.ts'
import { startRabbitmq, type Rabbitmq } from '#platform/testing/rabbitmq.ts'

let rabbitmq: Rabbitmq
const startBroker = async () => (rabbitmq = await startRabbitmq())

checkServerCrashes(
  `under load, RabbitMQ is killed, restarted, and Postgres crashes, ${crashes} times each`,
  startBroker,
  async function* (crashPostgres) {
    for (let round = 0; round < crashes; round++) {
      await rabbitmq.kill()
      await rabbitmq.restart()
      yield
      await rabbitmq.restart()
      yield
      crashPostgres()
      yield
    }
  },
)
