import type { Role, Service } from '#platform/service.ts'

/** A service and those of its roles that run in a process. */
export interface Selected {
  service: Service
  roles: readonly (readonly [name: string, role: Role])[]
}

/** Reads `logs`, `logs/listener`, …; none is all. Throws one error that names every unknown word and lists the known ones. */
export function selectRoles(services: readonly Service[], words: readonly string[]): Selected[] {
  const known = services.flatMap(({ contract, roles }) => [
    contract.name,
    ...Object.keys(roles).map((role) => `${contract.name}/${role}`),
  ])
  const unknown = words.filter((word) => !known.includes(word))
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(', ')}. Known are: ${known.join(', ')}`)
  const isWanted = (service: string, role: string) =>
    words.length === 0 || words.includes(service) || words.includes(`${service}/${role}`)
  return services
    .map((service) => ({
      service,
      roles: Object.entries(service.roles).filter(([role]) => isWanted(service.contract.name, role)),
    }))
    .filter(({ roles }) => roles.length > 0)
}

/** `logs` where every role of it runs, else `logs/listener`. */
export function roleNames({ service, roles }: Selected): string[] {
  return roles.length === Object.keys(service.roles).length
    ? [service.contract.name]
    : roles.map(([role]) => `${service.contract.name}/${role}`)
}

/** Whether calls of the service are answered here. */
export function answers(selected: readonly Selected[], name: string): boolean {
  return selected.some(
    ({ service, roles }) => service.contract.name === name && roles.some(([role]) => role === 'api'),
  )
}
