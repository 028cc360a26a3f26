import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { compare, interleave, type Bench } from './bench.ts'

const rounds = 7
const roundMs = 1000
const ours = 'dakghar'
const peers = ['undici', 'grpc']

export default {
  name: 'rpc',
  summary:
    'Calls a second between two processes, 64 in flight: our RPC, undici with node:http and JSON, @grpc/grpc-js. ' +
    'Every side validates input and output with the same Zod schemas, looks up a 300-byte identity token in memory, ' +
    'and carries a trace and a deadline. One connection for ours and gRPC, 64 for HTTP/1.1. No TLS. ' +
    'Medians of interleaved rounds.',
  async run() {
    await using loaders = await startLoaders([ours, ...peers])
    const contenders = Object.fromEntries(
      Object.entries(loaders.byName).map(([name, loader]) => [name, () => measure(loader, roundMs)]),
    )
    return compare(await interleave(contenders, rounds), ours, 'calls/s')
  },
} satisfies Bench

async function startLoaders(
  names: string[],
): Promise<AsyncDisposable & { byName: Record<string, ChildProcess> }> {
  const children: ChildProcess[] = []
  const start = async (...args: string[]) => {
    const child = fork(new URL('rpc/worker.ts', import.meta.url), args)
    children.push(child)
    const [message] = await once(child, 'message')
    return { child, message }
  }
  const byName: Record<string, ChildProcess> = {}
  for (const name of names) {
    const server = await start('serve', name)
    byName[name] = (await start('load', name, server.message)).child
  }
  return {
    byName,
    async [Symbol.asyncDispose]() {
      await Promise.all(children.map((child) => (child.kill(), once(child, 'exit'))))
    },
  }
}

async function measure(loader: ChildProcess, ms: number): Promise<number> {
  loader.send(ms)
  const [rate] = await once(loader, 'message')
  return rate
}
