/** Prints what the browser has to know of each module of `contracts/`, as JSON by file and name. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type ContractFacts = Record<string, Record<string, unknown>>

const callFacts = ['kind', 'service', 'name', 'http', 'deadlineMs', 'idempotency', 'upload', 'download']

const contracts = join(import.meta.dirname, '../../contracts')
const files = globSync('**/*.ts', { cwd: contracts }).filter((name) => !/\.(test|types)\.ts$/.test(name))
const facts = await Promise.all(
  files.map(async (name) => {
    const file = join(contracts, name)
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    return [file, factsOf(module)] as const
  }),
)
process.stdout.write(JSON.stringify(Object.fromEntries(facts)))

/** Contracts, the options of enumerations, and constants. Schemas and functions are left out. */
function factsOf(module: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(module).flatMap(([name, value]) => {
    const fact = factOf(value)
    return fact === undefined ? [] : [[name, fact] as const]
  })
  return Object.fromEntries(kept)
}

function factOf(value: unknown): unknown {
  if (typeof value === 'function') return undefined
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value) && value.every(isContract)) return value.filter(hasOuterCalls).map(nameOnly)
  if ('_zod' in value)
    return 'options' in value && isPlain(value.options) ? { options: value.options } : undefined
  if (isContract(value)) return contractFact(value)
  return isPlain(value) ? value : undefined
}

interface ContractLike {
  name: string
  calls: Record<string, Record<string, unknown>>
  streams: Record<string, Record<string, unknown>>
}

function isContract(value: unknown): value is ContractLike {
  return typeof value === 'object' && value !== null && 'calls' in value && 'streams' in value
}

/** Of lists of contracts. */
function nameOnly({ name }: ContractLike) {
  return { name }
}

function hasOuterCalls({ calls }: ContractLike): boolean {
  return Object.values(calls).some(isOuter)
}

function isOuter({ access, http }: Record<string, unknown>): boolean {
  return access !== 'service' && (http as unknown[]).length > 0
}

function contractFact({ name, calls, streams }: ContractLike) {
  const pick = (definition: Record<string, unknown>) =>
    Object.fromEntries(callFacts.flatMap((fact) => (definition[fact] ? [[fact, definition[fact]]] : [])))
  return {
    name,
    calls: Object.fromEntries(
      Object.entries(calls).flatMap(([key, call]) => (isOuter(call) ? [[key, pick(call)]] : [])),
    ),
    streams: Object.fromEntries(
      Object.entries(streams).map(([key, { service, name }]) => [key, { kind: 'stream', service, name }]),
    ),
  }
}

function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain)
  if (typeof value !== 'object' || value === null)
    return ['string', 'number', 'boolean'].includes(typeof value)
  const isRecord = Object.getPrototypeOf(value) === Object.prototype && !('_zod' in value)
  return isRecord && Object.values(value).every((one) => one === null || isPlain(one))
}
