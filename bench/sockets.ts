import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { compare, interleave, nextNumber, type Bench } from './bench.ts'

const sockets = 10_000
const rounds = 11
/** In a round; each is delivered to all before the next one goes. */
const messages = 5

export default {
  name: 'sockets',
  summary:
    '10,000 WebSockets on one server, one message to all of them, server and clients in processes of their own. ' +
    'Ours: a whole host with its gateway; each socket subscribes to one stream of a service, resumable and with credit. ' +
    'Peer: the library ws alone, which the gateway stands on, in a loop over its clients. The same clients and the same ' +
    'message. Medians of interleaved rounds; memory is the resident set after collecting garbage, before and after ' +
    'opening.',
  async run() {
    await using crowds = await startCrowds(['dakghar', 'ws'])
    const { ratios, table } = compare(await interleave(crowds.contenders, rounds), 'dakghar', 'deliveries/s')
    return {
      ratios: { ...ratios, kilobytes_per_socket: crowds.kilobytes.dakghar! },
      table: table.map((row) => ({ ...row, 'kB a socket': crowds.kilobytes[row.name]! })),
    }
  },
} satisfies Bench

/** A server and its clients, each in a process of its own, for every name. */
async function startCrowds(names: string[]) {
  const children: ChildProcess[] = []
  const start = (file: string, ...args: string[]) => {
    const child = fork(new URL(`sockets/${file}`, import.meta.url), args, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    return child
  }
  const contenders: Record<string, () => Promise<number>> = {}
  const kilobytes: Record<string, number> = {}
  for (const name of names) {
    const server = start('servers.ts', name)
    const port = await nextNumber(server)
    const before = await ask(server, 'memory')
    const clients = start('clients.ts', name, String(port), String(sockets))
    await nextNumber(clients)
    kilobytes[name] = Math.round(((await ask(server, 'memory')) - before) / sockets / 100) / 10
    contenders[name] = async () => {
      const startedAt = performance.now()
      for (let message = 0; message < messages; message++) {
        const delivered = nextNumber(clients)
        server.send('message')
        await delivered
      }
      return (sockets * messages * 1000) / (performance.now() - startedAt)
    }
  }
  return {
    contenders,
    kilobytes,
    async [Symbol.asyncDispose]() {
      for (const child of children.toReversed()) {
        child.disconnect()
        await once(child, 'exit')
      }
    },
  }
}

function ask(child: ChildProcess, question: string): Promise<number> {
  child.send(question)
  return nextNumber(child)
}
