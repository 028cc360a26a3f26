/** Every stream that the gateway offers, and what is read of them at the moment. */
import type { CallDefinition, Contract, StreamDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Answerer } from '#platform/calls.ts'
import { authorize } from '#platform/host/access.ts'
import { outsideDeadlineMs } from '#platform/host/deadline.ts'
import type { Identity } from '#platform/identity.ts'
import type { Logger } from '#platform/log.ts'
import { Subject, type Topic } from './subject.ts'
import type { Subscription } from './subscription.ts'

/** In whose name shared streams are read. */
const ownIdentity: Identity = { kind: 'service', name: 'gateway' }

export class Streams {
  readonly #definitions: ReadonlyMap<string, StreamDefinition>
  readonly #admissions: ReadonlyMap<StreamDefinition, CallDefinition>
  readonly #subjects = new Map<string, Subject>()
  readonly #answerer: Answerer
  readonly #log: Logger

  /** Throws for a contract whose stream names an admission that is none. */
  constructor(contracts: readonly Contract[], { answerer, log }: { answerer: Answerer; log: Logger }) {
    this.#definitions = new Map(outerStreams(contracts).map((stream) => [nameOf(stream), stream]))
    this.#admissions = new Map(contracts.flatMap(admissionsOf))
    this.#answerer = answerer
    this.#log = log
  }

  /** Readings under way. */
  get feeds(): number {
    return [...this.#subjects.values()].reduce((sum, { feeds }) => sum + feeds, 0)
  }

  /** Throws `notFound`. */
  find(name: string): StreamDefinition {
    const definition = this.#definitions.get(name)
    if (!definition) throw standardError('notFound', `There is no stream ${name}.`)
    return definition
  }

  /** Throws what the caller may know when the input is not valid or the identity may not listen. */
  subscribe(
    definition: StreamDefinition,
    given: unknown,
    identity: Identity,
    subscription: Subscription,
  ): void | Promise<void> {
    authorize(definition, identity)
    const { after, ...input } = parseInput(definition, given)
    const topic: Topic = { definition, input, identity: definition.isShared ? ownIdentity : identity }
    if (definition.sequence) subscription.after = after as Subscription['after']
    const admission = this.#admissions.get(definition)
    if (!admission) return this.#subjectOf(topic).add(subscription)
    const invocation = { identity, deadlineAt: Date.now() + outsideDeadlineMs }
    return this.#answerer.call(admission, input, invocation).then(() => {
      if (!subscription.isOver) this.#subjectOf(topic).add(subscription)
    })
  }

  #subjectOf(topic: Topic): Subject {
    const key = keyOf(topic)
    let subject = this.#subjects.get(key)
    if (!subject) {
      const onUnused = () => void this.#subjects.delete(key)
      subject = new Subject(topic, { answerer: this.#answerer, log: this.#log, onUnused })
      this.#subjects.set(key, subject)
    }
    return subject
  }
}

/** Those that have a door outside: what only services may read has one when it states a path. */
export function outerStreams(contracts: readonly Contract[]): StreamDefinition[] {
  return contracts
    .flatMap(({ streams }) => Object.values<StreamDefinition>(streams))
    .filter(({ access, http }) => access !== 'service' || http !== undefined)
}

export function nameOf({ service, name }: StreamDefinition): string {
  return `${service}.${name}`
}

/**
 * Equal for topics that one reading can serve: same stream, same input, and, unless the stream is shared, same
 * account in the same roles.
 */
function keyOf({ definition, input, identity }: Topic): string {
  return JSON.stringify([nameOf(definition), sorted(input), callerOf(identity)])
}

function callerOf(identity: Identity): readonly string[] {
  if (identity.kind === 'account') return [identity.accountId, ...identity.roles.toSorted()]
  return identity.kind === 'service' ? [identity.kind, identity.name] : [identity.kind]
}

/** The order in which somebody wrote the fields says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return fields.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, field]) => [name, sorted(field)])
}

function parseInput({ input }: StreamDefinition, given: unknown): Record<string, unknown> {
  const parsed = input.safeParse(given)
  if (parsed.success) return parsed.data as Record<string, unknown>
  const fields = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }))
  throw standardError('invalid', 'The input is not valid.', { fields })
}

function admissionsOf({ name, calls, streams }: Contract): [StreamDefinition, CallDefinition][] {
  return Object.values<StreamDefinition>(streams).flatMap((stream) => {
    if (stream.admission === undefined) return []
    const call = calls[stream.admission]
    if (call?.kind !== 'query') throw new Error(`${name}.${stream.name}: ${stream.admission} is no query`)
    return [[stream, call] as [StreamDefinition, CallDefinition]]
  })
}
