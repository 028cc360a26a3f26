/**
 * The contract kernel: what a service shows, written once. Validation, types, the REST door,
 * the RPC door, the typed client and the OpenAPI document are all derived from it.
 * Runs in the browser too.
 */
import { z } from 'zod'
import { standardErrors, type StandardErrorCode } from './errors.ts'

/**
 * Who may make a call. `public`: anyone. `account`: anyone signed in. `staff`, `admin`: accounts with
 * that role or a higher one. `service`: our own services and holders of a service key, who may make
 * every other call as well. Which rows a caller may touch is checked in the handler.
 */
export type Access = 'public' | 'account' | 'staff' | 'admin' | 'service'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** `METHOD /path/{parameter} [success status]`, e.g. `POST /api/orders 201`. Status 200 when left out. */
export type HttpDoor = `${HttpMethod} /${string}`

/** `code` (leaves as 409) or `code status`, e.g. `outOfStock`, `linkExpired 410`. */
export type ErrorDeclaration = string

/** The code part of a declaration: `'linkExpired 410'` gives `'linkExpired'`. */
export type ErrorCode<Declaration extends ErrorDeclaration> = Declaration extends `${infer Code} ${number}`
  ? Code
  : Declaration

/**
 * How often a call may be made; the gateway's settings have the figures. `anonymous`: by callers that are not signed
 * in, by address, all calls that name it together. `signIn`: by address and the account that the input's `userid`
 * names.
 */
export type CallLimit = 'anonymous' | 'signIn'

/**
 * Any Zod schema, by as much of its type as the kernel reads. To compare a schema with the whole of `z.ZodType` takes the
 * compiler thousands of types for each call.
 */
export interface AnySchema {
  readonly _zod: { readonly input: unknown; readonly output: unknown }
}

interface Shape<Input, Output> {
  access: Access
  input: Input
  output: Output
  /** One sentence for the API reference. */
  summary?: string
}

export interface CallOptions<Input, Output> extends Shape<Input, Output> {
  http?: HttpDoor | readonly HttpDoor[]
  /** A second RPC method name that answers the same. */
  rpcAlias?: string
  /** How long the call may take when the caller states nothing: 5000 inside, 30000 from outside. */
  deadlineMs?: number
  /** Beside what holds for all calls of an account or a service key. */
  limits?: readonly CallLimit[]
  /**
   * Whose rows it touches, for calls that accounts make: `self`, what is the caller's own, or the input field that names
   * something of one account, for everybody else `notFound` or `forbidden`. Left out where all may see the same.
   */
  owned?: 'self' | (string & {})
}

export interface QueryOptions<Input = unknown, Output = unknown> extends CallOptions<Input, Output> {
  /** Answers carry an ETag of their content, and `If-None-Match` gets 304. */
  etag?: boolean
  /** The output is a `Download`; over HTTP its bytes are the answer. */
  download?: boolean
}

export interface CommandOptions<Input = unknown, Output = unknown> extends CallOptions<Input, Output> {
  /** `none` where the answer is a secret: it is never stored, so it can't be replayed. */
  idempotency?: 'none'
  /** `starts`: the answer has the `token` of a new session, which browsers get as a cookie. `ends`: that cookie goes. */
  session?: 'starts' | 'ends'
  /**
   * The body of the HTTP request is bytes of any kind, and the input's field `upload` an `Upload` that refers to them.
   * Other fields come by path and query string. Bytes that no call has referred to are removed after a day.
   */
  upload?: { maxBytes: number }
}

export type CallKind = 'query' | 'command'

export interface CallDefinition<
  Kind extends CallKind = CallKind,
  Input extends AnySchema = z.ZodType,
  Output extends AnySchema = z.ZodType,
  Code extends string = string,
> {
  kind: Kind
  service: string
  name: string
  access: Access
  input: Input
  output: Output
  summary: string | undefined
  http: readonly HttpDoor[]
  rpcAlias: string | undefined
  deadlineMs: number | undefined
  limits: readonly CallLimit[]
  owned: string | undefined
  etag: boolean
  idempotency: 'stored' | 'none'
  session: 'starts' | 'ends' | undefined
  upload: { maxBytes: number } | undefined
  download: boolean
  /** Declared error codes and the HTTP status of each. */
  errors: Readonly<Record<Code, number>>
}

/** Where an item stands in its stream. Every reading of a stream gives the same items in the same order. */
export type Sequence = string | number

export interface StreamOptions<Input extends AnySchema, Output extends AnySchema> extends Shape<
  Input,
  Output
> {
  /** `GET /path`: the stream as server-sent events. WebSockets get it without. */
  http?: `GET /${string}`
  /**
   * The sequence of an item. The input field `after` takes it, and the stream goes on behind that item: who was away
   * misses nothing. A stream without one has no `after`; its first item says how things stand.
   */
  sequence?: 'after' extends keyof z.output<Input> ? (item: z.output<Output>) => Sequence : never
  /**
   * Items depend on the input alone and not on who asks: a gateway reads the stream once, in its own name, for
   * everyone whom `access` lets in.
   */
  isShared?: boolean
  /** Name of a query of the same contract with the same input. Who can't make it can't listen either. */
  admission?: string
  /** Streams of the same key are read from the same instance as long as it is well. */
  stickyKey?: (input: z.input<Input>) => string
}

export interface StreamDefinition<Input extends AnySchema = z.ZodType, Output extends AnySchema = z.ZodType> {
  kind: 'stream'
  service: string
  name: string
  access: Access
  input: Input
  /** Schema of one item. */
  output: Output
  summary: string | undefined
  http: `GET /${string}` | undefined
  sequence: ((item: any) => Sequence) | undefined
  isShared: boolean
  admission: string | undefined
  stickyKey: ((input: any) => string) | undefined
}

export interface EventDefinition<Schema extends AnySchema = z.ZodType> {
  kind: 'event'
  service: string
  name: string
  schema: Schema
  /** Exchange the event goes to; `<service>.events` unless stated. */
  exchange: string
  exchangeType: 'topic' | 'direct'
  /** Routing key of one payload; the event's name unless stated. */
  routingKey: (payload: z.output<Schema>) => string
  /** Every key the event can have, as one pattern: `log.*`. The event's name unless stated. */
  keyPattern: string
}

/** A call before `contract()` has given it its service and name. */
type Unnamed<Definition> = Omit<Definition, 'service' | 'name'>

export function query<
  Input extends AnySchema,
  Output extends AnySchema,
  const Errors extends ErrorDeclaration[],
>(
  options: QueryOptions<Input, Output>,
  ...errors: Errors
): Unnamed<CallDefinition<'query', Input, Output, ErrorCode<Errors[number]>>> {
  return call('query', options, errors)
}

export function command<
  Input extends AnySchema,
  Output extends AnySchema,
  const Errors extends ErrorDeclaration[],
>(
  options: CommandOptions<Input, Output>,
  ...errors: Errors
): Unnamed<CallDefinition<'command', Input, Output, ErrorCode<Errors[number]>>> {
  return call('command', options, errors)
}

export function stream<Input extends AnySchema, Output extends AnySchema>(
  options: StreamOptions<Input, Output>,
): Unnamed<StreamDefinition<Input, Output>> {
  const { access, input, output, summary, http, sequence, isShared = false, admission, stickyKey } = options
  return { kind: 'stream', access, input, output, summary, http, sequence, isShared, admission, stickyKey }
}

export function event<Schema extends AnySchema>(
  schema: Schema,
  routing: {
    exchange?: string
    exchangeType?: 'topic' | 'direct'
    routingKey?: (payload: z.output<Schema>) => string
    keyPattern?: string
  } = {},
): EventOptions<Schema> {
  return { kind: 'event', schema, ...routing }
}

interface EventOptions<Schema extends AnySchema = z.ZodType> {
  kind: 'event'
  schema: Schema
  exchange?: string
  exchangeType?: 'topic' | 'direct'
  routingKey?: (payload: z.output<Schema>) => string
  keyPattern?: string
}

type CallMap = Record<string, Unnamed<CallDefinition<CallKind, any, any, any>>>
type StreamMap = Record<string, Unnamed<StreamDefinition<any, any>>>
type EventMap = Record<string, z.ZodType | EventOptions<any>>

type Named<Definition> =
  Definition extends Unnamed<CallDefinition<infer Kind, infer Input, infer Output, infer Code>>
    ? CallDefinition<Kind, Input, Output, Code>
    : Definition extends Unnamed<StreamDefinition<infer Input, infer Output>>
      ? StreamDefinition<Input, Output>
      : never

type SchemaOf<Event> =
  Event extends EventOptions<infer Schema> ? Schema : Event extends AnySchema ? Event : never

export interface Contract<
  Calls extends Record<string, CallDefinition<CallKind, any, any, any>> = Record<
    string,
    CallDefinition<CallKind, any, any, any>
  >,
  Streams extends Record<string, StreamDefinition<any, any>> = Record<string, StreamDefinition<any, any>>,
  Events extends Record<string, EventDefinition<any>> = Record<string, EventDefinition<any>>,
> {
  name: string
  /** One sentence: what the service is for. */
  summary: string
  /** It takes part in exports and erasures of accounts: subscribes to the events of `identity` about them. */
  holdsPersonalData: boolean
  calls: Calls
  streams: Streams
  events: Events
}

/** Names every part of a contract; `contract('shop', { calls: { listProducts: query({ … }) } })`. */
export function contract<
  Calls extends CallMap = {},
  Streams extends StreamMap = {},
  Events extends EventMap = {},
>(
  service: string,
  parts: { summary?: string; holdsPersonalData?: boolean; calls?: Calls; streams?: Streams; events?: Events },
): Contract<
  { [K in keyof Calls]: Named<Calls[K]> },
  { [K in keyof Streams]: Named<Streams[K]> },
  { [K in keyof Events]: EventDefinition<SchemaOf<Events[K]>> }
> {
  const named = (definitions: Record<string, object> = {}) =>
    Object.fromEntries(
      Object.entries(definitions).map(([name, definition]) => [name, { ...definition, service, name }]),
    )
  return {
    name: service,
    summary: parts.summary ?? '',
    holdsPersonalData: parts.holdsPersonalData ?? false,
    calls: named(parts.calls) as never,
    streams: named(parts.streams) as never,
    events: Object.fromEntries(
      Object.entries(parts.events ?? {}).map(([name, given]) => [name, namedEvent(service, name, given)]),
    ) as never,
  }
}

/** A list answer. Ask again with `cursor: nextCursor` until it is null. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() })
}

/** The input fields of a call that answers a page. */
export const pageInput = {
  cursor: z.string().max(1024).optional(),
  limit: z.int().min(1).max(200).default(50),
}

function call(kind: CallKind, options: QueryOptions & CommandOptions, errors: ErrorDeclaration[]): any {
  const { http, access, input, output, summary, rpcAlias, deadlineMs, limits, etag, idempotency, session } =
    options
  const { owned, upload, download } = options
  return {
    kind,
    access,
    input,
    output,
    summary,
    http: http === undefined ? [] : typeof http === 'string' ? [http] : http,
    rpcAlias,
    deadlineMs,
    limits: limits ?? [],
    owned,
    etag: etag ?? false,
    idempotency: idempotency ?? 'stored',
    session,
    upload,
    download: download ?? false,
    errors: Object.fromEntries(errors.map(declaredError)),
  }
}

function declaredError(declaration: ErrorDeclaration): [code: string, status: number] {
  const [code = '', status] = declaration.split(' ')
  return [code, status ? Number(status) : (standardErrors[code as StandardErrorCode] ?? 409)]
}

function namedEvent(service: string, name: string, given: z.ZodType | EventOptions): EventDefinition {
  const options: EventOptions = given instanceof z.ZodType ? { kind: 'event', schema: given } : given
  return {
    kind: 'event',
    service,
    name,
    schema: options.schema,
    exchange: options.exchange ?? `${service}.events`,
    exchangeType: options.exchangeType ?? 'topic',
    routingKey: options.routingKey ?? (() => name),
    keyPattern: options.keyPattern ?? name,
  }
}
