import { setTimeout as sleep } from 'node:timers/promises'
import { checkKiller, checkServerCrashes, crashes } from '#platform/bus/checks/crash.checks.ts'

const noBroker = async () => null

checkKiller(noBroker)

checkServerCrashes(`Postgres crashes ${crashes} times under load`, noBroker, async function* (crashPostgres) {
  for (let crash = 0; crash < crashes; crash++) {
    await sleep(500)
    crashPostgres()
    yield
  }
})
