/** The peer: a Fastify application that does nothing, once the same Postgres runs in the folder given. */
import { startEmbeddedPostgres } from '#platform/database/embedded.ts'
import { requirePeer } from '../bench.ts'

interface Server {
  get(path: string, handler: () => Promise<object>): void
  listen(address: { port: number; host: string }): Promise<string>
  close(): Promise<void>
}

const [directory = '', port = ''] = process.argv.slice(2)
const createFastify = requirePeer('fastify') as () => Server
const postgres = await startEmbeddedPostgres({ directory })
const app = createFastify()
app.get('/ready', async () => ({}))
await app.listen({ port: Number(port), host: '127.0.0.1' })

process.once('SIGINT', async () => {
  await app.close()
  await postgres.stop()
  process.exit()
})
