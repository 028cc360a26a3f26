import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { compare, interleave, nextNumber, type Bench } from './bench.ts'

const rounds = 21
const roundMs = 500
/** Until what runs often is compiled. */
const warmUpMs = 2_000
const connections = 64

export default {
  name: 'rest',
  summary:
    'One POST of a log line without a database, 64 keep-alive connections, server and load in processes of their own. ' +
    'Ours: gateway and service in one host, with the caller identified by its key, input and output validated, trace, ' +
    'deadline and metrics. Peer: a bare Fastify route with the JSON schemas of the same contract. ' +
    'No access log on either side. Medians of interleaved rounds.',
  async run() {
    await using loaders = await startLoaders(['dakghar', 'fastify'])
    return compare(await interleave(loaders.contenders, rounds), 'dakghar', 'requests/s')
  },
} satisfies Bench

/** A server and its load, each in a process of its own, for every name. */
async function startLoaders(names: string[]) {
  const children: ChildProcess[] = []
  const start = (file: string, ...args: string[]) => {
    const child = fork(new URL(`rest/${file}`, import.meta.url), args, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    return child
  }
  const contenders: Record<string, () => Promise<number>> = {}
  for (const name of names) {
    const port = await nextNumber(start('servers.ts', name))
    const loader = start('load.ts', String(port), String(connections))
    await measure(loader, warmUpMs)
    contenders[name] = () => measure(loader, roundMs)
  }
  return {
    contenders,
    async [Symbol.asyncDispose]() {
      for (const child of children.toReversed()) {
        child.disconnect()
        await once(child, 'exit')
      }
    },
  }
}

/** Answers a second. */
function measure(loader: ChildProcess, ms: number): Promise<number> {
  loader.send(ms)
  return nextNumber(loader)
}
