/**
 * The contenders: `node servers.ts <name>` tells its parent the port. Told `message` it sends one to all sockets, told
 * `memory` it answers with its resident set in bytes. It stops when the parent goes.
 */
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import { contract, stream } from '#contracts/contract.ts'
import { startHost } from '#platform/host/host.ts'
import { defineService } from '#platform/service.ts'
import { gatewayTo } from '../../services/gateway/service.ts'

const host = '127.0.0.1'
const text = 'Tea is ready in the kitchen; the blue cups are for guests. Please take the tray when you go up.'
/** Starts high, so that every message has the same length. */
let sequence = 1_000_000

interface Contender {
  port: number
  sendToAll(): void
}

/** The whole host with its database, the gateway and one service with one stream. */
async function dakghar(stack: AsyncDisposableStack): Promise<Contender> {
  const said = new EventEmitter()
  const News = z.object({ number: z.int(), text: z.string() })
  const news = contract('news', {
    streams: {
      latest: stream({
        access: 'public',
        isShared: true,
        input: z.object({ after: z.int().optional() }),
        output: News,
        sequence: ({ number }) => number,
      }),
    },
  })
  const service = defineService({
    contract: news,
    streams: {
      async *latest(_, { signal }) {
        for await (const [item] of EventEmitter.on(said, 'news', { signal }))
          yield item as z.output<typeof News>
      },
    },
  })
  const directory = await mkdtemp(join(tmpdir(), 'dakghar-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const environment = {
    DATA_DIR: directory,
    HOST: host,
    PORT: '0',
    RPC_ADDRESS: 'tcp://127.0.0.1:0',
    LOG_LEVEL: 'warn',
    LOG_SHIP: 'false',
    STOP_GRACE_MS: '1000',
  }
  const sources = { environment, vaultDirectory: '/nonexistent' }
  const { announced } = stack.use(await startHost({ services: [gatewayTo([news]), service], sources }))
  const [, address = ''] = announced.find(([what]) => what === 'web') ?? []
  return {
    port: Number(new URL(address).port),
    sendToAll: () => said.emit('news', { number: ++sequence, text }),
  }
}

/** The same library, as its documentation broadcasts. */
async function ws(stack: AsyncDisposableStack): Promise<Contender> {
  const server = new WebSocketServer({ port: 0, host, perMessageDeflate: false })
  await once(server, 'listening')
  stack.defer(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    sendToAll() {
      const item = { number: ++sequence, text }
      const message = JSON.stringify({ type: 'item', id: 1, sequence, item })
      for (const client of server.clients) client.send(message)
    },
  }
}

async function residentBytes(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc!()
    await delay(200)
  }
  return process.memoryUsage.rss()
}

await using stack = new AsyncDisposableStack()
const { port, sendToAll } = await (process.argv[2] === 'ws' ? ws(stack) : dakghar(stack))
process.on('message', (question) => {
  if (question === 'message') sendToAll()
  else void residentBytes().then((bytes) => process.send!(bytes))
})
process.send!(port)
await once(process, 'disconnect')
