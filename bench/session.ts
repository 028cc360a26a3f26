import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { openDatabase } from '#platform/database/pool.ts'
import { interleave, median, type Bench } from './bench.ts'
import { cpuSeconds, nextMessage, startNode } from './gateway/processes.ts'

const rounds = 11
const roundMs = Number(process.env.BENCH_ROUND_MS ?? 1_000)
const warmUpMs = 4_000
const connections = 64
/** Postgres counts what a connection read once the connection is idle, after 10 s at the latest. */
const statisticsMs = 11_000

export default {
  name: 'session',
  summary:
    'CPU time of the gateway for a request with a session that it remembers (token in a header, or cookie) over one of ' +
    'nobody: the same GET of a call that anybody may make so and so often, in one process with its service, 64 keep-alive ' +
    'connections, headers of the same number and length. Medians of interleaved rounds; beside it, what the requests with a session ' +
    'asked of identity and of its tables.',
  async run() {
    await using stack = new AsyncDisposableStack()
    const server = stack.use(await startNode('measured', '../session/server.ts', []))
    const { port, token, databaseUrl } = server.value as { port: number; token: string; databaseUrl: string }
    const contender = async (header: string) => {
      const request = `GET /api/bench/items/tea HTTP/1.1\r\nHost: 127.0.0.1\r\n${commonHeaders}${header}\r\n`
      const load = stack.use(
        await startNode('rest', 'load.ts', [String(port), String(connections), '200', request]),
      )
      const run = async (ms: number) => {
        const before = cpuSeconds([server.pid])
        load.child.send(ms)
        const answers = (await nextMessage(load.child)) as number
        requests += answers
        return ((cpuSeconds([server.pid]) - before) / answers) * 1e6
      }
      await run(warmUpMs)
      return () => run(roundMs)
    }
    let requests = 0
    const nothing = '-'.repeat(token.length)
    const headers = (cookie: string, bearer: string) =>
      `Cookie: theme=dark; ${cookie}; lang=en\r\n${bearer}\r\n`
    const contenders = {
      anonymous: await contender(headers(`dakghar-nothing=${nothing}`, `X-Authorization: Bearer ${nothing}`)),
      bearer: await contender(headers(`dakghar-nothing=${nothing}`, `Authorization: Bearer ${token}`)),
      cookie: await contender(headers(`dakghar-session=${token}`, `X-Authorization: Bearer ${nothing}`)),
    }
    const work = async () => {
      server.child.send('count')
      const counted = (await nextMessage(server.child)) as { hashes: number; asks: number }
      return { ...counted, reads: await tableReads(databaseUrl) }
    }
    await sleep(statisticsMs)
    const before = await work()
    requests = 0
    const figures = await interleave(contenders, rounds)
    await sleep(statisticsMs)
    const after = await work()
    const did = {
      hashes: after.hashes - before.hashes,
      asks: after.asks - before.asks,
      reads: after.reads - before.reads,
    }
    const [anonymous, bearer, cookie] = Object.values(figures).map(median) as [number, number, number]
    const rounded = (figure: number) => Math.round(figure * 1000) / 1000
    return {
      ratios: { overhead: rounded(Math.max(bearer, cookie) / anonymous), ...did },
      table: Object.entries(figures).map(([name, values]) => ({
        name,
        'CPU µs/request': rounded(median(values)),
        'over anonymous': rounded(median(values) / anonymous),
        ...(name === 'anonymous' ? { requests } : did),
      })),
    }
  },
} satisfies Bench

const commonHeaders = 'User-Agent: bench\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n'

/** How often the tables were read in which it stands who somebody is. */
async function tableReads(url: string): Promise<number> {
  await using database = openDatabase({ url })
  const { rows } = await sql<{ reads: number }>`
    select sum(seq_scan + coalesce(idx_scan, 0))::int as reads from pg_stat_all_tables
    where schemaname = 'identity' and relname in ('accounts', 'sessions', 'passwords', 'keys')`.execute(
    database.forService('identity'),
  )
  return rows[0]!.reads
}
