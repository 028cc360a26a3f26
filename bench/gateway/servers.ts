/** Servers in Node: `node servers.ts <name>` tells its parent the port, and stops when the parent goes. */
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { command, contract } from '#contracts/contract.ts'
import { startHost } from '#platform/host/host.ts'
import { defineService } from '#platform/service.ts'
import { gatewayTo } from '../../services/gateway/service.ts'
import registry from '../../services/registry/service.ts'
import { requirePeer } from '../bench.ts'
import { Line, path, Receipt, receiptOf } from '../rest/line.ts'

const host = '127.0.0.1'

/** What everybody stands in front of: answers each request, which has no content, with the same few bytes. */
async function upstream(stack: AsyncDisposableStack): Promise<number> {
  const content = JSON.stringify({ id: 4711, name: 'tea-500g', priceMinor: 1250, text: 'x'.repeat(160) })
  const answer = Buffer.from(
    'HTTP/1.1 200 OK\r\nServer: upstream\r\nContent-Type: application/json\r\nCache-Control: no-cache\r\n' +
      `ETag: "4711"\r\nContent-Length: ${content.length}\r\n\r\n${content}`,
  )
  const server = createServer({ noDelay: true }, (socket) => {
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
      if (!received.endsWith('\r\n\r\n')) return
      received = ''
      socket.write(answer)
    })
    socket.on('error', () => {})
  })
  await once(server.listen(0, host), 'listening')
  stack.defer(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** `@fastify/http-proxy` with the connections it makes unless told. */
async function fastifyHttpProxy(stack: AsyncDisposableStack, upstreamPort: string): Promise<number> {
  const app = (requirePeer('fastify') as () => FastifyServer)()
  const prefix = '/legacy'
  app.register(requirePeer('@fastify/http-proxy'), {
    upstream: `http://${host}:${upstreamPort}`,
    prefix,
    rewritePrefix: prefix,
  })
  await app.listen({ port: 0, host })
  stack.defer(() => app.close())
  return (app.server.address() as AddressInfo).port
}

interface FastifyServer {
  server: { address(): unknown }
  register(plugin: unknown, options: object): void
  listen(address: { port: number; host: string }): Promise<string>
  close(): Promise<void>
}

/** One role of an installation of three processes, with the settings in the environment. */
async function dakghar(stack: AsyncDisposableStack, role: string): Promise<number> {
  const lines = contract('benchlines', {
    calls: {
      writeLine: command({ http: `POST ${path} 201`, access: 'service', input: Line, output: Receipt }),
    },
  })
  const service = defineService({ contract: lines, calls: { writeLine: async (line) => receiptOf(line) } })
  const services = [gatewayTo([lines]), registry, service]
  const { announced } = stack.use(await startHost({ services, roles: [role] }))
  const [, address = ''] = announced.find(([what]) => what === (role === 'gateway' ? 'web' : 'RPC')) ?? []
  return Number(new URL(address).port)
}

const [name = '', upstreamPort = ''] = process.argv.slice(2)
await using stack = new AsyncDisposableStack()
if (name === 'upstream') process.send!(await upstream(stack))
else if (name === 'fastify-http-proxy') process.send!(await fastifyHttpProxy(stack, upstreamPort))
else process.send!(await dakghar(stack, name))
await once(process, 'disconnect')
