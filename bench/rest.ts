import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { compare, interleave, type Bench } from './bench.ts'

const rounds = 21
const roundMs = 500
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
    const [port] = await once(start('servers.ts', name), 'message')
    const loader = start('load.ts', String(port), String(connections))
    contenders[name] = async () => {
      loader.send(roundMs)
      const [rate] = (await once(loader, 'message')) as [number]
      return rate
    }
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
