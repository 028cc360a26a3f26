/** The routes of a list of contracts. */
import type { CallDefinition, Contract, StreamDefinition } from '#contracts/contract.ts'

export interface Route {
  method: string
  /** As the contract says it: `/api/orders/{id}`. */
  path: string
  /** Names in the path. */
  parameters: readonly string[]
  /** Status of a good answer. */
  status: number
  definition: CallDefinition
}

/** One for each door of each call. Throws for a door that can't be read. */
export function routesOf(contracts: readonly Contract[]): Route[] {
  return contracts
    .flatMap((contract) => Object.values<CallDefinition>(contract.calls))
    .flatMap((definition) => definition.http.map((door) => readDoor(door, definition)))
}

/**
 * Groups by path; a fixed segment comes before a parameter, so that `/orders/open` is not taken for an order's id.
 * Throws when two share a method and path, or call the same segment differently.
 */
export function byPath<Door extends { method: string; path: string }>(
  doors: readonly Door[],
): [string, Door[]][] {
  const groups = new Map<string, Door[]>()
  for (const door of doors) {
    const shape = shapeOf(door.path)
    const group = groups.get(shape) ?? []
    for (const other of group) {
      if (other.path !== door.path) throw new Error(`${door.path} and ${other.path} are the same path`)
      if (other.method === door.method) throw new Error(`two calls want ${door.method} ${door.path}`)
    }
    groups.set(shape, [...group, door])
  }
  return [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => [group[0]!.path, group])
}

/** The same for paths that take the same addresses; sorts parameters last. */
function shapeOf(path: string): string {
  return path.replaceAll(/\{\w+\}/g, '\u{10ffff}')
}

/** A stream's path for server-sent events. */
export interface StreamRoute extends Omit<Route, 'definition'> {
  definition: StreamDefinition
}

export function streamRoutesOf(contracts: readonly Contract[]): StreamRoute[] {
  return contracts
    .flatMap((contract) => Object.values<StreamDefinition>(contract.streams))
    .flatMap((definition) => (definition.http === undefined ? [] : [readDoor(definition.http, definition)]))
}

function readDoor<Definition extends CallDefinition | StreamDefinition>(
  door: string,
  definition: Definition,
): Omit<Route, 'definition'> & { definition: Definition } {
  const match = /^(GET|POST|PUT|PATCH|DELETE) ((?:\/(?:[\w.~-]+|\{\w+\})?)+)(?: (2\d\d))?$/.exec(door)
  if (!match)
    throw new Error(`${definition.service}.${definition.name}: "${door}" is not METHOD /path status`)
  const [, method = '', path = '', status = '200'] = match
  const parameters = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
  return { method, path, parameters, status: Number(status), definition }
}
