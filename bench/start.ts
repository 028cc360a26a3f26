import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '#platform/testing/server-process.ts'
import { compare, interleave, median, type Bench } from './bench.ts'

const rounds = 5
const readyTimeoutMs = 60_000
/** After /ready, for what a process still does in its first moments. */
const settleMs = 1000

export default {
  name: 'start',
  summary:
    '`npm start` on an existing installation until /ready answers 200, against `npm start` of a package that ' +
    'starts the same Postgres and an empty Fastify application; both with a warm compile cache. ' +
    'memory_mb: resident memory of our Node processes, the launcher included, without Postgres and npm, idle.',
  async run() {
    const folder = await mkdtemp(join(tmpdir(), 'bench-start-'))
    const memory: number[] = []
    const contenders = {
      dakghar: async () => {
        const env = { DATA_DIR: join(folder, 'ours'), RPC_ADDRESS: 'tcp://127.0.0.1:0' }
        await using started = await start(process.cwd(), env)
        await sleep(settleMs)
        memory.push(await nodeMemoryMb(started.process.pid!))
        return started.readyMs
      },
      fastify: async () => {
        await using started = await start(await peerPackage(folder))
        return started.readyMs
      },
    }
    try {
      const figures = await interleave(contenders, rounds)
      const { ratios, table } = compare(figures, 'dakghar', 'ms to ready')
      const memoryMb = Math.round(median(memory))
      return {
        ratios: { start: ratios.fastify!, memory_mb: memoryMb },
        table: table.map((row) => (row.name === 'dakghar' ? { ...row, 'memory MB': memoryMb } : row)),
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
} satisfies Bench

interface Started extends AsyncDisposable {
  process: ChildProcess
  readyMs: number
}

/** Disposing interrupts it and waits for its end. */
async function start(directory: string, env: Record<string, string> = {}): Promise<Started> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn('npm', ['start', '--silent'], {
    cwd: directory,
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`${directory} ended with ${child.exitCode}`)
    if (performance.now() - startedAt > readyTimeoutMs) throw new Error(`${directory} does not get ready`)
    await sleep(5)
  }
  return {
    process: child,
    readyMs: performance.now() - startedAt,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT')
      await exited
    },
  }
}

async function isReady(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/ready`).then(
    ({ ok }) => ok,
    () => false,
  )
}

/** A package whose start script is the empty application. */
async function peerPackage(folder: string): Promise<string> {
  const directory = join(folder, 'peer')
  await mkdir(directory, { recursive: true })
  const program = join(import.meta.dirname, 'start', 'empty.ts')
  const script = `exec ${process.execPath} ${program} ${join(directory, 'data')} $PORT`
  await writeFile(join(directory, 'package.json'), JSON.stringify({ scripts: { start: script } }))
  return directory
}

/** VmRSS of the Node processes below a process. */
async function nodeMemoryMb(root: number): Promise<number> {
  const processes = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '')
        const field = (key: string) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
        return {
          pid: Number(name),
          parent: Number(field('PPid')),
          rssKb: Number(field('VmRSS')),
          name: field('Name'),
        }
      }),
  )
  const below = (pid: number): typeof processes =>
    processes.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)])
  return below(root)
    .filter(({ name }) => !name.startsWith('postgres') && name !== 'sh')
    .reduce((sum, { rssKb }) => sum + rssKb / 1024, 0)
}
