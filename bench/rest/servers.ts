/** The contenders: `node servers.ts <name>` tells its parent the port, and stops when the parent goes. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { command, contract } from '#contracts/contract.ts'
import { startHost } from '#platform/host/host.ts'
import { defineService } from '#platform/service.ts'
import { requirePeer } from '../bench.ts'
import { gatewayTo } from '../../services/gateway/service.ts'
import { key, Line, path, Receipt, receiptOf } from './line.ts'

const host = '127.0.0.1'

/** The whole host with its database, the gateway and one service that keeps nothing. */
async function dakghar(stack: AsyncDisposableStack): Promise<number> {
  const lines = contract('benchlines', {
    calls: {
      writeLine: command({ http: `POST ${path} 201`, access: 'service', input: Line, output: Receipt }),
    },
  })
  const service = defineService({
    contract: lines,
    calls: { writeLine: async (line) => receiptOf(line) },
  })
  const directory = await mkdtemp(join(tmpdir(), 'dakghar-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const environment = {
    DATA_DIR: directory,
    HOST: host,
    PORT: '0',
    RPC_ADDRESS: 'tcp://127.0.0.1:0',
    SERVICE_KEY: key,
    LOG_LEVEL: 'warn',
    LOG_SHIP: 'false',
  }
  const sources = { environment, vaultDirectory: '/nonexistent' }
  const { announced } = stack.use(await startHost({ services: [gatewayTo([lines]), service], sources }))
  const [, address = ''] = announced.find(([what]) => what === 'web') ?? []
  return Number(new URL(address).port)
}

/** One route with the JSON schemas of the same contract. */
async function fastify(stack: AsyncDisposableStack): Promise<number> {
  const createFastify = requirePeer('fastify') as () => FastifyServer
  const app = createFastify()
  const schema = { body: draft7(Line, 'input'), response: { 201: draft7(Receipt, 'output') } }
  app.post(path, { schema }, async ({ body }, reply) => {
    reply.code(201)
    return receiptOf(body)
  })
  await app.listen({ port: 0, host })
  stack.defer(() => app.close())
  return (app.server.address() as AddressInfo).port
}

interface FastifyServer {
  server: { address(): unknown }
  listen(address: { port: number; host: string }): Promise<string>
  close(): Promise<void>
  post(
    path: string,
    options: { schema: object },
    handler: (request: { body: z.output<typeof Line> }, reply: { code(status: number): void }) => object,
  ): void
}

/** As Fastify's Ajv reads them. */
function draft7(schema: z.ZodType, io: 'input' | 'output'): object {
  return z.toJSONSchema(schema, { io, target: 'draft-7' })
}

await using stack = new AsyncDisposableStack()
process.send!(await (process.argv[2] === 'fastify' ? fastify(stack) : dakghar(stack)))
await once(process, 'disconnect')
