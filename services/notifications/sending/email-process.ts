/** A process that sends e-mail until it is killed. Run by `processes.test.ts`, which gives the settings as JSON. */
import { startHost } from '#platform/host/host.ts'
import { silentLogger } from '#platform/log.ts'
import notificationsService from '#services/notifications/service.ts'

const environment = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
await startHost({
  services: [notificationsService],
  roles: ['notifications/email'],
  log: silentLogger,
  sources: { environment, vaultDirectory: '/nonexistent' },
})
