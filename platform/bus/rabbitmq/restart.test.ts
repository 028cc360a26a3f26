import { checkServerCrashes } from '#platform/bus/checks/crash.checks.ts'
import { startRabbitmq, type Rabbitmq } from '#platform/testing/rabbitmq.ts'

let rabbitmq: Rabbitmq
const startBroker = async () => (rabbitmq = await startRabbitmq())

checkServerCrashes(
  'RabbitMQ is killed, restarted, and Postgres crashes three times under load',
  startBroker,
  async function* (crashPostgres) {
    await rabbitmq.kill()
    await rabbitmq.restart()
    yield
    await rabbitmq.restart()
    yield
    for (let crash = 0; crash < 3; crash++) {
      crashPostgres()
      yield
    }
  },
)
