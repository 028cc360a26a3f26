/** One operation of the OpenAPI document. */
import { STATUS_CODES } from 'node:http'
import type { CallDefinition, StreamDefinition } from '#contracts/contract.ts'
import { standardErrors, type StandardErrorCode } from '#contracts/errors.ts'
import { exampleOf } from './example.ts'
import type { Route } from '#services/gateway/rest/routes.ts'
import { fieldsOf, type JsonSchema } from './schema.ts'

export interface Operation {
  operationId: string
  tags: string[]
  summary?: string
  /** Who may make the call. */
  'x-access': string
  security: Record<string, never[]>[]
  parameters: Parameter[]
  requestBody?: { required: boolean; description?: string; content: Record<string, Media> }
  responses: Record<string, Answer>
}

export interface Parameter {
  name: string
  in: 'path' | 'query' | 'header'
  required: boolean
  description?: string
  schema: JsonSchema
}

interface Answer {
  description: string
  /** Codes of the problems that leave with this status. */
  'x-codes'?: string[]
  headers?: Record<string, { description: string; schema: JsonSchema }>
  content?: Record<string, Media>
}

interface Media {
  schema: JsonSchema
  example?: unknown
}

/** `schemas` are the components of the document. */
export function operationOf(route: Route, schemas: Record<string, JsonSchema>): Operation {
  const { definition, method, status } = route
  const input = schemas[componentName(definition, 'input')]!
  const takesBody = method !== 'GET' && method !== 'DELETE'
  return {
    operationId: operationId(route),
    tags: [definition.service],
    ...(definition.summary !== undefined && { summary: definition.summary }),
    'x-access': definition.access,
    security: definition.access === 'public' ? [] : [{ bearer: [] }, { apiKey: [] }, { session: [] }],
    parameters: [...inputParameters(route, input, takesBody), ...headerParameters(definition)],
    ...(takesBody && {
      requestBody: definition.upload ? bytesBody(definition.upload) : requestBody(route, input),
    }),
    responses: { ...goodAnswers(definition, status, schemas), ...problemAnswers(route, takesBody) },
  }
}

/** The name of the call; its second door has a `2` behind it. */
function operationId({ method, path, definition }: Route): string {
  const door = definition.http.findIndex((text) => text.split(' ', 2).join(' ') === `${method} ${path}`)
  return `${definition.service}.${definition.name}${door > 0 ? `.${door + 1}` : ''}`
}

export function inputParameters(
  { definition, parameters }: Pick<Route, 'parameters'> & { definition: object },
  input: JsonSchema,
  takesBody: boolean,
): Parameter[] {
  const isUpload = 'upload' in definition && definition.upload !== undefined
  return Array.from(fieldsOf(input), ([name, { schema, isRequired }]): Parameter[] => {
    const isInPath = parameters.includes(name)
    if (isUpload ? name === 'upload' : takesBody && !isInPath) return []
    const description = schema.description
    return [
      {
        name,
        in: isInPath ? 'path' : 'query',
        required: isInPath || isRequired,
        ...(description !== undefined && { description }),
        schema,
      },
    ]
  }).flat()
}

function bytesBody({ maxBytes }: { maxBytes: number }) {
  const schema: JsonSchema = { type: 'string', format: 'binary' }
  return { required: true, description: `At most ${maxBytes} bytes.`, content: { '*/*': { schema } } }
}

function headerParameters({ kind, idempotency, etag }: CallDefinition): Parameter[] {
  return [
    ...(kind === 'command' && idempotency === 'stored'
      ? [header('Idempotency-Key', 'The same key and body again give the first answer again.')]
      : []),
    ...(etag
      ? [header('If-None-Match', 'The ETag of an earlier answer; 304 when nothing has changed.')]
      : []),
  ]
}

function header(name: string, description: string): Parameter {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } }
}

function requestBody({ definition, parameters }: Route, input: JsonSchema) {
  const isWhole = parameters.length === 0 || input.properties === undefined
  const isInBody = (name: string) => !parameters.includes(name)
  const { properties = {}, required = [], $defs: _, ...rest } = input
  const fields: JsonSchema = {
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => isInBody(name))),
    required: required.filter(isInBody),
  }
  const schema = isWhole ? reference(componentName(definition, 'input')) : fields
  const isRequired = (isWhole ? required : fields.required!).length > 0
  return {
    required: isRequired,
    content: { 'application/json': { schema, example: exampleOf(isWhole ? input : fields) } },
  }
}

function goodAnswers(
  definition: CallDefinition,
  status: number,
  schemas: Record<string, JsonSchema>,
): Record<string, Answer> {
  if (definition.download) return bytes
  const name = componentName(definition, 'output')
  const headers = {
    ETag: { description: 'Changes with the answer.', schema: { type: 'string' } as JsonSchema },
  }
  return {
    [status]: {
      description: STATUS_CODES[status] ?? 'Done',
      ...(definition.etag && { headers }),
      content: { 'application/json': { schema: reference(name), example: exampleOf(schemas[name]!) } },
    },
    ...(definition.etag && { 304: { description: 'Not changed', headers } }),
  }
}

const bytes: Record<string, Answer> = {
  200: {
    description: 'The content',
    headers: { ETag: { description: 'Changes with the content.', schema: { type: 'string' } } },
    content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
  },
  206: { description: 'The part that Range asks for' },
  304: { description: 'Not changed' },
  416: { description: 'The content has no such part' },
}

/** What a route tells of how it can fail. */
interface ProblemSource {
  parameters: readonly string[]
  definition: Pick<CallDefinition | StreamDefinition, 'access'> &
    Partial<Pick<CallDefinition, 'errors' | 'kind' | 'idempotency'>>
}

/** One answer for each status, with the codes that leave with it: the declared ones first. */
export function problemAnswers(route: ProblemSource, takesBody: boolean): Record<string, Answer> {
  const codes = new Map<number, string[]>()
  const add = (code: string, status: number) => codes.set(status, [...(codes.get(status) ?? []), code])
  for (const [code, status] of Object.entries<number>(route.definition.errors ?? {})) add(code, status)
  for (const code of standardCodes(route, takesBody))
    if (!(code in (route.definition.errors ?? {}))) add(code, standardErrors[code])
  return Object.fromEntries(
    Array.from(codes, ([status, all]): [number, Answer] => [
      status,
      {
        description: STATUS_CODES[status] ?? 'Problem',
        'x-codes': all,
        ...(all.some((code) => retryCodes.has(code)) && { headers: retryAfter }),
        content: { 'application/problem+json': { schema: reference('Problem') } },
      },
    ]),
  )
}

const retryCodes = new Set(['tooManyRequests', 'unavailable', 'overloaded'])
const retryAfter = {
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } as JsonSchema },
}

function standardCodes({ definition, parameters }: ProblemSource, takesBody: boolean): StandardErrorCode[] {
  const isRepeatable = definition.kind === 'command' && definition.idempotency === 'stored'
  return [
    'invalid',
    'unauthenticated',
    ...(definition.access === 'public' ? [] : (['forbidden'] as const)),
    ...(parameters.length === 0 ? [] : (['notFound'] as const)),
    ...(isRepeatable ? (['idempotencyKeyInUse', 'idempotencyKeyReused'] as const) : []),
    ...(takesBody ? (['tooLarge', 'unsupportedMediaType'] as const) : []),
    'tooManyRequests',
    'internal',
    'unavailable',
    'overloaded',
    'deadlineExceeded',
  ]
}

export function componentName(
  definition: Pick<CallDefinition, 'service' | 'name'>,
  io: 'input' | 'output',
): string {
  return `${definition.service}.${definition.name}.${io}`
}

export function reference(component: string): JsonSchema {
  return { $ref: `#/components/schemas/${component}` }
}
