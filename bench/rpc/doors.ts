/** The three ways of making the call, each as its users would set it up. */
import http from 'node:http'
import { connectRpc } from '#platform/rpc/connection.ts'
import type { RpcAddress } from '#platform/rpc/rpc.ts'
import { listenRpc } from '#platform/rpc/server.ts'
import { requirePeer } from '../bench.ts'
import { answer, method, timeoutMs, token, traceparent } from './work.ts'

export interface Door {
  /** Gives the address. */
  serve(): Promise<string>
  /** Gives the way to make one call. */
  connect(address: string): Promise<(line: object) => Promise<unknown>>
}

const security = { sharedKey: Buffer.alloc(32, 'bench') }

const dakghar: Door = {
  async serve() {
    const handler = {
      call: async (call: { input: unknown; identityToken: string | undefined }) =>
        answer(call.input, call.identityToken),
      stream: () => {
        throw new Error('no streams')
      },
    }
    return (await listenRpc({ address: 'tcp://127.0.0.1:0', security, handler })).address
  },
  async connect(address) {
    const connection = connectRpc({ address: address as RpcAddress, security })
    await connection.ready(5000)
    return (line) => connection.call({ method, input: line, timeoutMs, traceparent, identityToken: token })
  },
}

/** 64 keep-alive connections, one request at a time on each: undici's default for requests that change something. */
const undici: Door = {
  serve() {
    const server = http.createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const bearer = request.headers.authorization?.slice('Bearer '.length)
      const body = JSON.stringify(answer(JSON.parse(Buffer.concat(chunks).toString()), bearer))
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      })
      response.end(body)
    })
    return new Promise((resolve) =>
      server.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`),
      ),
    )
  },
  async connect(address) {
    const { Pool } = requirePeer('undici')
    const pool = new Pool(address, { connections: 64, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}`, traceparent }
    return async (line) => {
      const { body } = await pool.request({
        path: '/logs',
        method: 'POST',
        headers,
        body: JSON.stringify(line),
      })
      return body.json()
    }
  },
}

/** One HTTP/2 connection, protocol buffers by @grpc/proto-loader. */
const grpc: Door = {
  serve() {
    const { Server, ServerCredentials, status } = requirePeer('@grpc/grpc-js')
    const server = new Server()
    server.addService(logsService().service, {
      write(call: GrpcCall, reply: (error: object | null, receipt?: object) => void) {
        const bearer = call.metadata.get('authorization')[0]?.slice('Bearer '.length)
        try {
          reply(null, answer(call.request, bearer))
        } catch (error) {
          reply({ code: status.INTERNAL, details: String(error) })
        }
      },
    })
    return new Promise((resolve, reject) =>
      server.bindAsync(
        '127.0.0.1:0',
        ServerCredentials.createInsecure(),
        (error: Error | null, port: number) => (error ? reject(error) : resolve(`127.0.0.1:${port}`)),
      ),
    )
  },
  async connect(address) {
    const { credentials, Metadata } = requirePeer('@grpc/grpc-js')
    const Logs = logsService()
    const client = new Logs(address, credentials.createInsecure())
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${token}`)
    metadata.set('traceparent', traceparent)
    return (line) =>
      new Promise((resolve, reject) =>
        client.write(
          line,
          metadata,
          { deadline: Date.now() + timeoutMs },
          (error: Error | null, receipt: unknown) => (error ? reject(error) : resolve(receipt)),
        ),
      )
  },
}

interface GrpcCall {
  request: unknown
  metadata: { get(name: string): string[] }
}

function logsService() {
  const { loadPackageDefinition } = requirePeer('@grpc/grpc-js')
  const { loadSync } = requirePeer('@grpc/proto-loader')
  const definition = loadSync(new URL('logs.proto', import.meta.url).pathname, { longs: Number })
  return loadPackageDefinition(definition).Logs
}

export const doors: Record<string, Door> = { dakghar, undici, grpc }
