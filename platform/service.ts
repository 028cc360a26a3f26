/** What a service is made of. `service.ts` of each service default-exports a `defineService(…)`. */
import type { z } from 'zod'
import type { Client, OutputOf } from '#contracts/client.ts'
import type { CallDefinition, Contract, EventDefinition, StreamDefinition } from '#contracts/contract.ts'
import type { CallErrorDetails, StandardErrorCode } from '#contracts/errors.ts'
import type { Blobs } from './blobs/blobs.ts'
import type { Bus, Delivery, Subscription } from './bus/bus.ts'
import type { Cache } from './cache/cache.ts'
import type { EndpointTraffic } from './balance/member.ts'
import type { Answerer, Invocation } from './calls.ts'
import type { Settings, SettingValues } from './config.ts'
import type { Database } from './database/database.ts'
import type { Directory, Endpoint } from './host/directory.ts'
import type { Identity } from './identity.ts'
import type { Logger } from './log.ts'
import type { Signals } from './signals/signals.ts'
import type { TraceContext } from './trace.ts'

/** What a service may use at any time. Unqualified tables are those of the service's own schema. */
export interface ServiceContext<S extends Settings = Settings> {
  /** The same without the call: for what goes on when the call has ended. */
  readonly own: ServiceContext<S>
  readonly service: string
  readonly settings: SettingValues<S>
  readonly log: Logger
  readonly db: Database
  readonly bus: Bus
  readonly cache: Cache
  /** The service's own: no other service keeps anything in it. */
  readonly blobs: Blobs
  /** What gateways took for calls with `upload`. It goes after a day: what is to stay is put into `blobs`. */
  readonly uploads: Blobs
  readonly signals: Signals
  readonly secrets: SecretBox
  /**
   * Any contract's calls, whether its service runs here or elsewhere. Inside a call the caller's trace and deadline go along,
   * and its identity unless `as: 'service'` makes the call in this service's own name.
   */
  client<C extends Contract>(contract: C, options?: { as?: 'caller' | 'service' }): Client<C>
}

/** For secrets that have to be read again, such as the key of an authenticator app; what needs comparing only is hashed. */
export interface SecretBox {
  /** `about` names what the secret belongs to: it opens for that alone. */
  seal(text: string, about: string): Buffer
  /** Throws for anything that was not sealed here about this. */
  open(sealed: Buffer, about: string): string
  /** A keyed hash: of a text too short for a plain one, such as six digits. */
  digest(text: string, about: string): Buffer
}

/** What the handler of a query or stream gets. */
export interface QueryContext<
  Code extends string = never,
  S extends Settings = Settings,
> extends ServiceContext<S> {
  readonly identity: Identity
  readonly trace: TraceContext
  /** Milliseconds since the epoch. */
  readonly deadlineAt: number
  /** Aborts at the deadline and when the caller gives up. */
  readonly signal: AbortSignal
  /** Ends the call with a declared error, or one that every call may end with. */
  fail(code: Code | StandardErrorCode, detail?: string, details?: CallErrorDetails): never
}

/** What the handler of a command gets: everything written through `tx` and `publish` commits together or not at all. */
export interface CommandContext<
  C extends Contract = Contract,
  Code extends string = never,
  S extends Settings = Settings,
> extends QueryContext<Code, S> {
  readonly tx: Database
  /** Events of the service's own contract. Several payloads may be given as an array. */
  publish<Name extends keyof C['events']>(
    event: Name,
    payload: EventPayload<C['events'][Name]> | readonly EventPayload<C['events'][Name]>[],
  ): Promise<void>
  /** Runs once the transaction has committed; never when it rolls back. */
  afterCommit(action: () => void): void
}

/** What the handler of a command gets that opens its transaction itself. */
export interface OpeningContext<
  C extends Contract = Contract,
  Code extends string = never,
  S extends Settings = Settings,
> extends QueryContext<Code, S> {
  transact<T>(work: (context: CommandContext<C, Code, S>) => Promise<T>): Promise<T>
}

type EventPayload<Event> = Event extends EventDefinition<infer Schema> ? z.input<Schema> : never

/** What a subscription's handler gets. */
export interface SubscriptionContext<S extends Settings = Settings> extends ServiceContext<S> {
  readonly tx: Database
  afterCommit(action: () => void): void
}

type CallHandler<C extends Contract, Call, S extends Settings> =
  Call extends CallDefinition<infer Kind, infer Input, infer Output, infer Code>
    ? Kind extends 'command'
      ? | ((input: z.output<Input>, context: CommandContext<C, Code, S>) => Promise<z.input<Output>>)
        | {
            /**
             * For a command that works long before it writes: meanwhile it holds no connection. Only with
             * `idempotency: 'none'`, as a stored answer needs the transaction from the start.
             */
            opensTransaction: (
              input: z.output<Input>,
              context: OpeningContext<C, Code, S>,
            ) => Promise<z.input<Output>>
          }
      : (input: z.output<Input>, context: QueryContext<Code, S>) => Promise<z.input<Output>>
    : never

type StreamHandler<Stream, S extends Settings> =
  Stream extends StreamDefinition<infer Input>
    ? (input: z.output<Input>, context: QueryContext<never, S>) => AsyncIterable<OutputOf<Stream>>
    : never

export interface ServiceSubscription<
  Event extends EventDefinition = EventDefinition,
  S extends Settings = Settings,
> extends Omit<Subscription<Event>, 'handle'> {
  handle: (
    deliveries: Delivery<z.output<Event['schema']>>[],
    context: SubscriptionContext<S>,
  ) => Promise<void>
}

/** Ties the handler's payload type to the event. */
export function subscription<Event extends EventDefinition, S extends Settings = Settings>(
  options: ServiceSubscription<Event, S>,
): ServiceSubscription {
  return options as unknown as ServiceSubscription
}

/** Work done at intervals by one instance at a time. */
export interface Job<S extends Settings = Settings> {
  name: string
  everyMs: number
  run: (context: ServiceContext<S> & { signal: AbortSignal }) => Promise<void>
}

/** What runs when a role runs. The role `api` answers the calls and streams beside what is stated here. */
export interface Role<S extends Settings = Settings> {
  /** One sentence. */
  summary: string
  subscriptions?: readonly ServiceSubscription[]
  jobs?: readonly Job<S>[]
  /** Opens what the role serves itself (a socket, a loop). Disposed of at stop, before the process leaves. */
  start?: (context: ServiceContext<S>, process: ProcessContext) => Promise<AsyncDisposable>
}

/** What a role may know of the process it runs in; the gateway needs it. */
export interface ProcessContext {
  /** Answers any call of any contract, here or elsewhere. */
  readonly answerer: Answerer
  readonly directory: Directory
  /** Of this process in the registry; empty where there is none. */
  instanceId(): string
  /** Asks one instance and no other. */
  callAt(
    endpoint: Pick<Endpoint, 'id' | 'address'>,
    definition: CallDefinition,
    input: unknown,
    invocation: Invocation,
  ): Promise<unknown>
  /** How the calls of each service go that this process has called elsewhere. */
  traffic(): Record<string, EndpointTraffic[]>
  /** Of a service: the gateway gives what a download refers to. */
  blobsOf(service: string): Blobs
  /** Connects with a process by RPC; rejects when it can't within the time. */
  reach(address: string, timeoutMs: number): Promise<void>
  /** `/ping`, `/health`, `/ready`, `/metrics`; undefined for any other path. */
  ops(path: string): Promise<OpsAnswer | undefined>
  /** The process stops: refuse new work, finish what runs. */
  readonly stopping: AbortSignal
  /** Tells where something listens, for the start banner: `announce('shop', 'http://127.0.0.1:3000')`. */
  announce(what: string, where: string): void
  /** Takes a finished span of work that no call stands for, such as an HTTP request. */
  finishSpan(
    trace: TraceContext,
    span: { name: string; kind: 'server' | 'internal'; startedAt: number; error?: string | undefined },
  ): void
  /** The identity as every process of ours can verify it; undefined for an anonymous one. A promise only for a new token. */
  signIdentity(identity: Identity): string | undefined | Promise<string>
  /** The identity behind a service key, undefined for a wrong one. */
  identifyServiceKey(key: string): Identity | undefined
}

export interface OpsAnswer {
  status: number
  contentType: string
  body: string
}

/** Some of a service's handlers, for a file of them: `Pick<Handlers<typeof shop, typeof settings>['calls'], 'placeOrder'>`. */
export interface Handlers<C extends Contract, S extends Settings> {
  calls: { [K in keyof C['calls']]: CallHandler<C, C['calls'][K], S> }
  streams: { [K in keyof C['streams']]: StreamHandler<C['streams'][K], S> }
}

/** A part is required only when the contract has something in it. */
type NeededHandlers<C extends Contract, S extends Settings> = {
  [Part in keyof Handlers<C, S> as keyof C[Part] extends never ? never : Part]: Handlers<C, S>[Part]
} & {
  [Part in keyof Handlers<C, S> as keyof C[Part] extends never ? Part : never]?: Handlers<C, S>[Part]
}

export type ServiceDefinition<C extends Contract, S extends Settings> = NeededHandlers<C, NoInfer<S>> & {
  contract: C
  /** Folder of `NNNN_name.sql`. A service without one keeps nothing: its commands have no transaction. */
  migrations?: URL
  settings?: S
  /** Role `api` exists always. */
  roles?: Record<string, Role<NoInfer<S>>>
  /** Reads again what is kept and puts right what was made of it: `node main.ts <service> --rebuild`. */
  rebuild?: Rebuild
}

/** Tells now and then how far it is, in words; gives what it has done. */
export type Rebuild = (
  stores: Pick<ServiceContext, 'db' | 'blobs' | 'log'>,
  onProgress: (sofar: string) => void,
) => Promise<string>

type Handler = (input: unknown, context: never) => Promise<unknown>

/** A service as the host sees it. */
export interface Service {
  contract: Contract
  migrations: URL | undefined
  settings: Settings
  roles: Record<string, Role>
  rebuild?: Rebuild | undefined
  calls: Record<string, Handler | { opensTransaction: Handler }>
  streams: Record<string, (input: unknown, context: never) => AsyncIterable<unknown>>
}

export function defineService<C extends Contract, const S extends Settings = {}>(
  definition: ServiceDefinition<C, S>,
): Service {
  const {
    contract,
    migrations,
    settings = {},
    roles = {},
    rebuild,
    calls = {},
    streams = {},
  } = definition as Partial<Handlers<C, S>> &
    Pick<ServiceDefinition<C, S>, 'contract' | 'migrations' | 'settings' | 'roles' | 'rebuild'>
  for (const [name, handler] of Object.entries(calls))
    if (typeof handler === 'object' && contract.calls[name]?.idempotency !== 'none')
      throw new Error(`${contract.name}.${name} opens its transaction: its idempotency has to be none`)
  return {
    contract,
    migrations,
    settings,
    roles: { api: { summary: 'answers the calls and streams' }, ...roles },
    rebuild,
    calls,
    streams,
  } as unknown as Service
}
