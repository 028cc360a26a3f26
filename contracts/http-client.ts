/** Makes calls over the HTTP doors of their contracts. For browsers and programs. */
import type { Download, Upload } from './blobs.ts'
import type { Caller, InputOf, InvokeOptions, OutputOf } from './client.ts'
import type { AnySchema, CallDefinition, CallKind } from './contract.ts'
import { CallError, standardError, standardErrors, type StandardErrorCode } from './errors.ts'
import type { Problem } from './problem.ts'

export interface HttpCallerOptions {
  /** `https://shop.example`; left out on a page of the same origin. */
  origin?: string
  /** Sent with every request: programs put their key here. */
  headers?: Record<string, string>
  fetch?: typeof fetch
  /** How streams are read; without one they throw. */
  stream?: Caller['stream']
}

/** Code of the failure of a request that got no answer at all; its status is 0. */
export const unreachable = 'unreachable'

/** An input as an HTTP client gives it: what is uploaded is the bytes. */
export type HttpInputOf<Definition> =
  InputOf<Definition> extends { upload: Upload }
    ? Omit<InputOf<Definition>, 'upload'> & { upload: Blob }
    : InputOf<Definition>

/** An output as an HTTP client gets it: what is downloaded is the bytes. */
export type HttpOutputOf<Definition> = OutputOf<Definition> extends Download ? Blob : OutputOf<Definition>

interface HttpCaller extends Caller {
  call<Definition extends AnyCall>(
    definition: Definition,
    input: HttpInputOf<Definition>,
    options?: InvokeOptions,
  ): Promise<HttpOutputOf<Definition>>
}

type AnyCall = Pick<CallDefinition<CallKind, AnySchema, AnySchema>, CallFact>
type CallFact = 'service' | 'name' | 'kind' | 'http' | 'deadlineMs' | 'idempotency' | 'upload' | 'download'
type Fields = Record<string, unknown>

const longestMs = 30_000

/** Calls throw `CallError`s only. A command whose answer is stored carries an `Idempotency-Key`. */
export function createHttpCaller(options: HttpCallerOptions = {}): HttpCaller {
  const { origin = '', headers: always = {}, fetch: send = (...args) => fetch(...args) } = options

  async function call(definition: AnyCall, given: unknown, invoke: InvokeOptions = {}): Promise<unknown> {
    const input = (given ?? {}) as Fields
    const { url, body, headers } = requestOf(definition, input)
    const deadlineMs =
      invoke.deadlineMs ?? definition.deadlineMs ?? (definition.upload ? undefined : longestMs)
    const deadline = deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)
    const signals = [invoke.signal, deadline].filter((signal) => signal !== undefined)
    const init: RequestInit = {
      method: doorOf(definition).method,
      headers: { accept: 'application/json', ...always, ...headers, ...keyFor(definition, invoke) },
      signal: AbortSignal.any(signals),
    }
    if (body !== undefined) init.body = body
    try {
      return await readAnswer(definition, await send(origin + url, init))
    } catch (error) {
      if (error instanceof CallError) throw error
      if (invoke.signal?.aborted) throw standardError('cancelled')
      if (deadline?.aborted) throw standardError('deadlineExceeded', 'The server takes too long.')
      throw new CallError(unreachable, 0, { detail: 'The server can not be reached.' })
    }
  }

  const { stream = refuseStream } = options
  return { call: call as HttpCaller['call'], stream }
}

/** Path and query string of a query's request, for links and pictures. */
export function addressOf<Definition extends AnyCall>(
  definition: Definition,
  input: InputOf<Definition>,
): string {
  return requestOf(definition, input as Fields).url
}

/** A field of the path goes there, one of a command into the body, all else into the query string. */
function requestOf(definition: AnyCall, input: Fields) {
  const { method, path } = doorOf(definition)
  const { upload, ...fields } = input
  const rest = definition.upload ? fields : { ...input }
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name]
    delete rest[name]
    return encodeURIComponent(String(value))
  })
  if (definition.upload) {
    const bytes = upload as Blob
    const headers = { 'content-type': bytes.type || 'application/octet-stream' }
    return { url: filled + queryOf(rest), body: bytes, headers }
  }
  if (method === 'GET' || method === 'DELETE')
    return { url: filled + queryOf(rest), body: undefined, headers: {} }
  return { url: filled, body: JSON.stringify(rest), headers: { 'content-type': 'application/json' } }
}

function queryOf(fields: Fields): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value])
      if (one !== undefined && one !== null) query.append(name, String(one))
  const text = query.toString()
  return text && `?${text}`
}

function doorOf({ service, name, http }: AnyCall): { method: string; path: string } {
  const [method, path] = http[0]?.split(' ') ?? []
  if (!method || !path) throw new Error(`${service}.${name} has no HTTP door`)
  return { method, path }
}

function keyFor({ kind, idempotency }: AnyCall, { idempotencyKey }: InvokeOptions): Record<string, string> {
  if (kind === 'query' || idempotency === 'none') return {}
  return { 'idempotency-key': idempotencyKey ?? newIdempotencyKey() }
}

/** 128 random bits. Unlike `crypto.randomUUID` it works on pages of plain HTTP too. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

async function readAnswer({ download }: AnyCall, answer: Response): Promise<unknown> {
  if (!answer.ok) throw await failureOf(answer)
  if (download) return answer.blob()
  return answer.status === 204 ? null : answer.json()
}

/** What stands between us and the gateway answers with something else than a problem document. */
async function failureOf(answer: Response): Promise<CallError> {
  const retryAfter = Number(answer.headers.get('retry-after') ?? NaN)
  const retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : undefined
  const problem = answer.headers.get('content-type')?.startsWith('application/problem+json')
    ? ((await answer.json()) as Problem)
    : undefined
  if (typeof problem?.code !== 'string') return new CallError(codeOf(answer.status), answer.status)
  const { code, status, title, detail = title, errors } = problem
  return new CallError(code, status, {
    detail,
    fields: errors,
    retryAfterSeconds: problem.retryAfterSeconds ?? retryAfterSeconds,
  })
}

function codeOf(status: number): StandardErrorCode {
  if (status === 502) return 'unavailable'
  const known = Object.entries(standardErrors).find(([, value]) => value === status)
  return (known?.[0] as StandardErrorCode | undefined) ?? (status < 500 ? 'invalid' : 'internal')
}

function refuseStream(): never {
  throw new Error('this caller reads no streams')
}
