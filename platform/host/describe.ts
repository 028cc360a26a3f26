/** What `--help`, `--list` and `--settings` print. */
import type { CallDefinition, EventDefinition, StreamDefinition } from '#contracts/contract.ts'
import type { FoundSetting } from '#platform/config.ts'
import type { Role, Service } from '#platform/service.ts'
import { textTable } from '#platform/text-table.ts'

export const usage = `Usage: node main.ts [service | service/role]...

Starts the services and roles named, or all of them.

  --list      every service with its roles, calls, streams, events and subscriptions
  --settings  every setting with its value, source and meaning
  --topology URL
              what runs where, as the gateway at the URL knows it, updated each second
  mail --rebuild
              reads every message again, and puts right what was made of it
  --version
  --help`

export function describeServices(services: readonly Service[]): string {
  return services.map(describeService).join('\n\n')
}

export function describeSettings(settings: readonly FoundSetting[]): string {
  return textTable(settings.map(({ name, shown, source, description }) => [name, shown, source, description]))
}

function describeService({ contract, roles }: Service): string {
  const sections: [string, string[][]][] = [
    ['roles', Object.entries(roles).map(([name, role]) => [name, role.summary])],
    ['calls', Object.values(contract.calls).map(describeCall)],
    ['streams', Object.values(contract.streams).map(describeStream)],
    ['events', Object.values(contract.events).map(describeEvent)],
    ['subscriptions', Object.entries(roles).flatMap(describeSubscriptions)],
  ]
  const body = sections
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows]) => `  ${title}\n${textTable(rows, '    ')}`)
  return [`${contract.name}: ${contract.summary}`, ...body].join('\n')
}

function describeCall({ name, kind, access, http, rpcAlias }: CallDefinition): string[] {
  return [name, kind, access, [...http, ...(rpcAlias === undefined ? [] : [rpcAlias])].join(', ')]
}

function describeStream({ name, access }: StreamDefinition): string[] {
  return [name, access]
}

function describeEvent({ name, exchange, exchangeType, keyPattern }: EventDefinition): string[] {
  return [name, `${exchangeType} ${exchange}`, keyPattern]
}

function describeSubscriptions([roleName, role]: [string, Role]): string[][] {
  return (role.subscriptions ?? []).map(({ name, event, keys }) => [
    name,
    `${event.service}.${event.name}`,
    (keys ?? [event.keyPattern]).join(' '),
    `role ${roleName}`,
  ])
}
