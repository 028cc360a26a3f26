import { checkKiller, checkKills } from '#platform/bus/checks/crash.checks.ts'
import { createVirtualHost } from '#platform/testing/rabbitmq.ts'

checkKills(['acknowledge', 'relay'], createVirtualHost)

checkKiller(createVirtualHost)
