/** The HTTP server itself: its limits, what it says to requests that are none, and how it stops. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { Http2ServerResponse } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { standardError, type CallError } from '#contracts/errors.ts'
import { continueTrace } from '#platform/trace.ts'
import type { Protection } from '#services/gateway/protection/protection.ts'
import type { CertificateFiles } from '#platform/tls/certificate.ts'
import { createTlsServer } from '#services/gateway/tls/server.ts'
import { doorError, problemAnswer } from './problem.ts'
import { writeRaw } from './raw.ts'
import type { Upgrades } from './upgrade.ts'

export interface HttpServer extends AsyncDisposable {
  readonly port: number
  /** `http://127.0.0.1:3000` */
  readonly url: string
}

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  // Bodies are watched by how fast they come: an upload may take long.
  requestTimeout: 0,
  // Longer than the 60 s that load balancers keep an idle connection, so that they close first.
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 1_000,
  // Ours is told as a problem.
  requireHostHeader: false,
}
/** Then the client connects again, perhaps to another instance. */
const maxRequestsPerConnection = 100_000

export async function serveHttp(
  listener: RequestListener,
  options: {
    port: number
    host: string
    stopGraceMs: number
    process: { stopping: AbortSignal }
    upgrades: Upgrades
    protection: Protection
    /** With them it speaks TLS, and HTTP/2 to who wants it. */
    certificates?: CertificateFiles | undefined
  },
): Promise<HttpServer> {
  const { stopGraceMs, process, upgrades, protection, certificates } = options
  const server = certificates
    ? createTlsServer(certificates, limits, listener)
    : createServer(limits, listener)
  Object.assign(server, { shouldUpgradeCallback: upgrades.wants })
  server.on('upgrade', upgrades.take)
  server.maxRequestsPerSocket = maxRequestsPerConnection
  protection.guard(server)
  server.on('connect', (_, target: Duplex | Http2ServerResponse) => refuseTunnel(target))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET') socket.destroy()
    else if (protection.noteMalformed(socket)) answerClientError(error, socket)
    else socket.destroySoon()
  })
  await listen(server, { ...options, setting: certificates ? 'TLS_PORT' : 'PORT' })

  // Listening ends and idle connections close; each running request is answered with `Connection: close`.
  const stop = () => void server.close()
  process.stopping.addEventListener('abort', stop, { once: true })

  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${certificates ? 'https' : 'http'}://${urlHost(options.host)}:${port}`,
    async [Symbol.asyncDispose]() {
      process.stopping.removeEventListener('abort', stop)
      const closed = new Promise((resolve) => server.close(resolve))
      const cutOff = setTimeout(() => server.closeAllConnections(), stopGraceMs)
      await closed
      clearTimeout(cutOff)
    },
  }
}

async function listen(
  server: Server,
  { port, host, setting }: { port: number; host: string; setting: string },
): Promise<void> {
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
      EADDRINUSE: `port ${port} of ${host} is in use; set ${setting} to a free one`,
      EACCES: `port ${port} needs privileges; set ${setting} to another one`,
      EADDRNOTAVAIL: `${host} is no address of this machine; set HOST to one`,
      ENOTFOUND: `${host} is no address; set HOST to one`,
    }
    throw new Error(`The gateway can't listen: ${reasons[code ?? ''] ?? message}`, { cause: error })
  }
}

/** RFC 9110 §9.3.6: this is no forward proxy. */
function refuseTunnel(socket: Duplex | Http2ServerResponse): void {
  if (socket instanceof Http2ServerResponse) return void socket.writeHead(405).end()
  socket.on('error', () => socket.destroy())
  writeRaw(
    socket,
    problemAnswer(doorError('methodNotAllowed', 'No tunnels.'), continueTrace(undefined).traceId),
  )
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
  if (!socket.writable) return void socket.destroy()
  const failure = failures[code] ?? standardError('invalid', 'This is not HTTP.')
  writeRaw(socket, problemAnswer(failure, continueTrace(undefined).traceId))
}

/** An address that listens everywhere is reached here as localhost. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
