/** What the gateway's tests share: a contract, an answerer that does as it is told, and HTTP without mercy. */
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { pino } from 'pino'
import { z } from 'zod'
import { command, contract, query, type CallDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import { authorize } from '#platform/host/access.ts'
import { emptyDirectory, type Directory } from '#platform/host/directory.ts'
import type { Identity } from '#platform/identity.ts'
import type { ProcessContext } from '#platform/service.ts'
import { localProtection } from '#services/gateway/protection/open.ts'
import type { Protection, ProtectionPolicy } from '#services/gateway/protection/protection.ts'
import { openDoor } from './door.ts'
import type { Problem } from '#contracts/problem.ts'

const Item = z.strictObject({
  id: z.int().min(1),
  name: z.string().min(1).max(20),
  price: z.number().optional(),
})

export const kiosk = contract('kiosk', {
  summary: 'Sells small things.',
  calls: {
    listItems: query({
      summary: 'Everything on the shelf.',
      http: 'GET /kiosk/items',
      access: 'public',
      etag: true,
      input: z.strictObject({
        limit: z.int().min(1).max(10).default(5),
        isNew: z.boolean().optional(),
        tags: z.array(z.string()).optional(),
        sizes: z.array(z.int()).optional(),
        name: z.string().optional(),
      }),
      output: z.unknown(),
    }),
    getItem: query({
      http: 'GET /kiosk/items/{id}',
      access: 'public',
      input: Item.pick({ id: true }),
      output: z.unknown(),
    }),
    countItems: query({
      http: 'GET /kiosk/items/count',
      access: 'public',
      input: z.object({}),
      output: z.unknown(),
    }),
    addItem: command(
      { http: 'POST /kiosk/items 201', access: 'public', input: Item, output: z.unknown() },
      'soldOut',
      'moved 410',
    ),
    changeItem: command({
      http: ['PATCH /kiosk/items/{id}', 'PUT /kiosk/items/{id}'],
      access: 'public',
      input: Item.partial({ name: true }),
      output: z.unknown(),
    }),
    removeItem: command({
      http: 'DELETE /kiosk/items/{id}',
      access: 'admin',
      input: Item.pick({ id: true }),
      output: z.unknown(),
    }),
    openTill: command({
      http: 'POST /kiosk/till',
      access: 'service',
      idempotency: 'none',
      input: z.object({}),
      output: z.unknown(),
    }),
    countTags: command({
      http: 'POST /kiosk/tags',
      access: 'public',
      input: z.array(z.string()),
      output: z.unknown(),
    }),
    hang: query({
      http: 'GET /kiosk/hang',
      access: 'public',
      deadlineMs: 150,
      input: z.object({}),
      output: z.unknown(),
    }),
    taste: query({
      http: 'GET /kiosk/taste',
      access: 'public',
      limits: ['anonymous'],
      input: z.object({}),
      output: z.unknown(),
    }),
    signIn: command({
      http: 'POST /kiosk/sign-in',
      access: 'public',
      limits: ['anonymous', 'signIn'],
      input: z.object({ userid: z.string() }),
      output: z.unknown(),
    }),
    wait: query({ http: 'GET /kiosk/wait', access: 'public', input: z.object({}), output: z.unknown() }),
  },
})

/** What a call without a handler of its own answers. */
interface Echo {
  input: Record<string, unknown>
  identity: Identity
  idempotencyKey?: string
}

type Handler = (input: unknown, invocation: Invocation) => unknown

/** Checks access and input as a service does; then the handler of that name, else an echo of what came in. */
function answererWith(handlers: Record<string, Handler>): Answerer {
  const echo: Handler = (input, { identity, idempotencyKey }) => ({ input, identity, idempotencyKey })
  return {
    async call(definition: CallDefinition, input: unknown, invocation: Invocation) {
      authorize(definition, invocation.identity)
      const parsed = definition.input.safeParse(input)
      if (parsed.success) return (handlers[definition.name] ?? echo)(parsed.data, invocation)
      const fields = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
      throw standardError('invalid', 'The input is not valid.', { fields })
    },
    async *stream() {},
  }
}

export const serviceKey = 'kiosk-service-key'

export interface TestDoor extends AsyncDisposable {
  port: number
  url: string
  protection: Protection
  /** Lines as objects. */
  lines: Record<string, unknown>[]
  spans: { traceId: string; name: string; error?: string | undefined }[]
  announced: string[]
  stop(): void
}

/** The gateway's door on a free port, with the contract above behind it. */
export async function testDoor(
  handlers: Record<string, Handler> = {},
  {
    level = 'info',
    policy = {},
    directory = emptyDirectory,
  }: { level?: string; policy?: Partial<ProtectionPolicy>; directory?: Directory } = {},
): Promise<TestDoor> {
  const stopping = new AbortController()
  const lines: TestDoor['lines'] = []
  const spans: TestDoor['spans'] = []
  const announced: string[] = []
  const keyHolder: Identity = { kind: 'service', name: 'test' }
  const process: ProcessContext = {
    answerer: answererWith(handlers),
    directory,
    reach: async () => {},
    ops: async (path) => ({
      status: path === '/ready' ? 503 : 200,
      contentType: 'text/plain',
      body: `ops ${path}`,
    }),
    instanceId: () => '',
    callAt: () => Promise.reject(standardError('unavailable')),
    blobsOf: () => ({}) as never,
    traffic: () => ({}),
    stopping: stopping.signal,
    announce: (what, where) => void announced.push(`${what} ${where}`),
    finishSpan: ({ traceId }, { name, error }) => void spans.push({ traceId, name, error }),
    signIdentity: (identity) => (identity.kind === 'anonymous' ? undefined : `signed ${identity.kind}`),
    identifyServiceKey: (key) => (key === serviceKey ? keyHolder : undefined),
  }
  const log = pino({ level }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  await using stack = new AsyncDisposableStack()
  const protection = stack.use(localProtection(policy))
  // The kiosk takes and gives no files.
  const stores = {} as never
  const options = {
    port: 0,
    host: '127.0.0.1',
    stopGraceMs: 2_000,
    log,
    process,
    protection,
    stores,
    webDirectory: '',
  }
  const door = stack.use(await openDoor([kiosk], options))
  const opened = stack.move()
  const stop = () => stopping.abort()
  return {
    ...door,
    protection,
    lines,
    spans,
    announced,
    stop,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  text: string
  /** Of a JSON answer: an echo or a problem. */
  json: Echo & Problem
}

/** One request on a connection of its own. An object is sent as JSON. */
export async function send(
  { port }: { port: number },
  door: `${string} /${string}`,
  options: { body?: object | string | Buffer; headers?: OutgoingHttpHeaders } = {},
): Promise<Reply> {
  const [method = '', path = ''] = door.split(' ')
  const { body, headers = {} } = options
  const isObject = typeof body === 'object' && !Buffer.isBuffer(body)
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method, path, agent: false })
    if (isObject) request.setHeader('content-type', 'application/json')
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) request.setHeader(name, value)
    request.on('response', resolve).on('error', reject)
    request.end(isObject ? JSON.stringify(body) : body)
  })
  const answer = await text(response)
  const isJson = response.headers['content-type']?.includes('json') && answer !== ''
  return {
    status: response.statusCode!,
    headers: response.headers,
    text: answer,
    json: isJson ? JSON.parse(answer) : {},
  }
}

/** Sends bytes as they are and gives all that comes back until the server closes. Rejects after `timeoutMs` without a close. */
export function sendRaw(
  { port }: { port: number },
  bytes: string | Buffer,
  timeoutMs = 5_000,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`the server keeps the connection open after: ${answer.slice(0, 200)}`))
    }, timeoutMs)
    socket.setEncoding('latin1').on('data', (chunk: string) => void (answer += chunk))
    // A server that has had enough resets the connection while bytes are still on their way.
    socket
      .on('error', () => undefined)
      .on('close', () => {
        clearTimeout(timer)
        resolve(answer)
      })
  })
}
