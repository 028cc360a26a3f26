/** The HTTP server itself: its limits, what it says to requests that are none, and how it stops. */
import { createServer, STATUS_CODES, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { standardError, type CallError } from '#contracts/errors.ts'
import { continueTrace } from '#platform/trace.ts'
import { doorError, problemAnswer } from './problem.ts'

export interface HttpServer extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:3000` */
  readonly url: string
}

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // Longer than the 60 s that load balancers keep an idle connection, so that they close first.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
}
/** Then the client connects again, perhaps to another instance. */
const maxRequestsPerConnection = 100_000

export async function serveHttp(
  listener: RequestListener,
  options: { port: number; host: string; stopGraceMs: number; process: { stopping: AbortSignal } },
): Promise<HttpServer> {
  const { stopGraceMs, process } = options
  const server = createServer(limits, listener)
  server.maxRequestsPerSocket = maxRequestsPerConnection
  server.on('clientError', answerClientError)
  await listen(server, options)

  // Listening ends and idle connections close; each running request is answered with `Connection: close`.
  const stop = () => void server.close()
  process.stopping.addEventListener('abort', stop, { once: true })

  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://${urlHost(options.host)}:${port}`,
    async [Symbol.asyncDispose]() {
      process.stopping.removeEventListener('abort', stop)
      const closed = new Promise((resolve) => server.close(resolve))
      const cutOff = setTimeout(() => server.closeAllConnections(), stopGraceMs)
      await closed
      clearTimeout(cutOff)
    },
  }
}

async function listen(server: Server, { port, host }: { port: number; host: string }): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} of ${host} is in use; set PORT to a free one`,
      EACCES: `port ${port} needs privileges; set PORT to another one`,
      EADDRNOTAVAIL: `${host} is no address of this machine; set HOST to one`,
      ENOTFOUND: `${host} is no address; set HOST to one`,
    }
    throw new Error(`The gateway can't listen: ${reasons[code ?? ''] ?? message}`, { cause: error })
  }
}

const failures: Record<string, CallError> = {
  HPE_HEADER_OVERFLOW: doorError(
    'headersTooLarge',
    `The headers have at most ${limits.maxHeaderSize} bytes.`,
  ),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: standardError('tooLarge', 'Chunk extensions are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: doorError('requestTimeout', 'The request did not arrive in time.'),
}

/** The parser gave up: what follows on the connection has no meaning, so it closes. */
function answerClientError({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const failure = failures[code] ?? standardError('invalid', 'This is not HTTP.')
  const { status, headers, body } = problemAnswer(failure, continueTrace(undefined).traceId)
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head}\r\n${body}`, () => socket.destroy())
}

/** An address that listens everywhere is reached here as localhost. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
