/** What the tests of the live door share: a service with streams, a door whose callers say who they are, raw sockets. */
import { EventEmitter, once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { command, contract, query, stream } from '#contracts/contract.ts'
import { ServerMessage } from '#contracts/live.ts'
import { anonymous, type Identity } from '#platform/identity.ts'
import { silentLogger } from '#platform/log.ts'
import { defineService } from '#platform/service.ts'
import { testHost } from '#platform/testing/host.ts'
import { localProtection } from '#services/gateway/protection/open.ts'
import { upgradesTo } from '#services/gateway/http/upgrade.ts'
import { openLiveDoor, type LiveDoor } from './door.ts'
import { liveUpgrade } from './pages.ts'
import { Streams } from './streams.ts'

const Page = z.object({ number: z.int(), text: z.string() })
const Place = z.object({ book: z.string(), shelf: z.string().optional(), after: z.int().min(0).optional() })

export const journal = contract('journal', {
  calls: {
    write: command({
      http: 'POST /journal/{book}',
      access: 'public',
      input: z.object({ book: z.string(), texts: z.array(z.string()) }),
      output: z.object({ last: z.int() }),
    }),
    showBook: query({ access: 'public', input: Place, output: z.object({ book: z.string() }) }, 'locked 403'),
  },
  streams: {
    pages: stream({
      http: 'GET /journal/{book}/pages',
      summary: 'Pages of a book as they are written.',
      access: 'public',
      isShared: true,
      input: Place,
      output: Page,
      sequence: ({ number }) => number,
    }),
    lockedPages: stream({
      access: 'public',
      isShared: true,
      admission: 'showBook',
      input: Place,
      output: Page,
      sequence: ({ number }) => number,
    }),
    ownPages: stream({
      access: 'account',
      input: Place,
      output: Page.extend({ reader: z.string() }),
      sequence: ({ number }) => number,
    }),
    lastPage: stream({
      access: 'public',
      isShared: true,
      input: z.object({ book: z.string() }),
      output: Page,
    }),
    chapters: stream({ access: 'public', input: z.object({ count: z.int() }), output: z.int() }),
    ledger: stream({ access: 'service', input: z.object({}), output: z.int() }),
    torn: stream({ access: 'public', input: z.object({}), output: z.int() }),
  },
})

type Page = z.output<typeof Page>

/** Shared by every host of a test, as a database is by the instances of a service. */
const books = new Map<string, Page[]>()
const written = new EventEmitter().setMaxListeners(0)
/** By book: readings open now, and opened ever. */
export const readings = new Map<string, { open: number; opened: number }>()

export function write(book: string, ...texts: string[]): number {
  const pages = bookOf(book)
  for (const text of texts) pages.push({ number: pages.length + 1, text })
  written.emit(book)
  return pages.length
}

function bookOf(book: string): Page[] {
  if (!books.has(book)) books.set(book, [])
  return books.get(book)!
}

async function* read({ book, after }: z.output<typeof Place>, { signal }: { signal: AbortSignal }) {
  const reading = readings.get(book) ?? { open: 0, opened: 0 }
  readings.set(book, reading)
  reading.open++
  reading.opened++
  const pages = bookOf(book)
  let at = after ?? pages.length
  try {
    for (;;) {
      while (at < pages.length) yield pages[at++]!
      await once(written, book, { signal })
    }
  } finally {
    reading.open--
  }
}

export const journalService = defineService({
  contract: journal,
  calls: {
    write: async ({ book, texts }) => ({ last: write(book, ...texts) }),
    showBook: async ({ book }, context) => (book === 'locked' ? context.fail('locked') : { book }),
  },
  streams: {
    pages: read,
    lockedPages: read,
    async *ownPages(place, { identity, signal }) {
      for await (const page of read(place, { signal }))
        yield { ...page, reader: identity.kind === 'account' ? identity.accountId : identity.kind }
    },
    async *lastPage({ book }, { signal }) {
      yield bookOf(book).at(-1) ?? { number: 0, text: '' }
      yield* read({ book }, { signal })
    },
    async *chapters({ count }) {
      for (let chapter = 1; chapter <= count; chapter++) yield chapter
    },
    async *ledger() {},
    async *torn() {
      yield 1
      throw new Error('secret of the house')
    },
  },
})

/** A live door behind which the journal runs. `x-account: <account>` says who connects. */
export async function testLiveDoor({ heartbeatMs = 30_000, stopGraceMs = 2_000 } = {}) {
  await using stack = new AsyncDisposableStack()
  const opened = Promise.withResolvers<{ live: LiveDoor; streams: Streams }>()
  const porch = defineService({
    contract: contract('porch', {}),
    roles: {
      api: {
        summary: 'knows what a gateway knows',
        async start(_, { answerer }) {
          const streams = new Streams([journal], { answerer, log: silentLogger })
          const live = openLiveDoor({ streams, log: silentLogger, heartbeatMs, stopGraceMs })
          opened.resolve({ live, streams })
          return live
        },
      },
    },
  })
  stack.use(await testHost({ services: [journalService, porch] }))
  const { live, streams } = await opened.promise
  const identify = ({ headers }: { headers: Record<string, unknown> }): Identity => {
    const account = headers['x-account']
    if (typeof account !== 'string') return anonymous
    return { kind: 'account', accountId: account, sessionId: `session of ${account}`, roles: ['customer'] }
  }
  const upgrades = upgradesTo(() => liveUpgrade({ live, streams, identify, cors: undefined }), {
    log: silentLogger,
    protection: stack.use(localProtection()),
  })
  const server = createServer().on('upgrade', upgrades.take).listen(0, '127.0.0.1')
  stack.defer(() => void server.close())
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/live`
  const resources = stack.move()
  return { url, live, streams, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** A client that does nothing by itself. */
export class RawClient implements AsyncDisposable {
  readonly socket: WebSocket
  readonly received: ServerMessage[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #news = new EventEmitter()

  constructor(url: string, options: ConstructorParameters<typeof WebSocket>[2] = {}) {
    this.socket = new WebSocket(url, options)
    const { promise, resolve } = Promise.withResolvers<{ code: number; reason: string }>()
    this.closed = promise
    this.socket.on('error', () => undefined)
    this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
    this.socket.on('message', (data) => {
      this.received.push(ServerMessage.parse(JSON.parse(String(data))))
      this.#news.emit('message')
    })
  }

  static async open(...options: ConstructorParameters<typeof RawClient>): Promise<RawClient> {
    const client = new RawClient(...options)
    await once(client.socket, 'open')
    return client
  }

  send(message: unknown): this {
    this.socket.send(
      typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message),
    )
    return this
  }

  subscribe(
    stream: string,
    input: object = {},
    { id = 1, after }: { id?: number; after?: number } = {},
  ): this {
    return this.send({ type: 'subscribe', id, stream: `journal.${stream}`, input, after })
  }

  /** What it was sent of one subscription. */
  items(id = 1): Page[] {
    return this.received.flatMap((message) =>
      message.type === 'item' && message.id === id ? [message.item as Page] : [],
    )
  }

  numbers(id = 1): number[] {
    return this.items(id).map(({ number }) => number)
  }

  /** Until what it has received makes this true. */
  async until(isEnough: () => boolean, timeoutMs = 5_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs)
    while (!isEnough()) await once(this.#news, 'message', { signal })
  }

  /** Everything sent before has been dealt with. */
  async settled(): Promise<void> {
    const pongs = () => this.received.filter(({ type }) => type === 'pong').length
    const before = pongs()
    this.send({ type: 'ping' })
    await this.until(() => pongs() > before)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate()
    await this.closed
  }
}
