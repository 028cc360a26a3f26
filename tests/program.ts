/** The program as a user runs it: `node main.ts …` in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface Program extends AsyncDisposable {
  readonly pid: number
  /** What it printed so far on standard output and error. */
  output(): string
  /** Where something listens, by the name in the start banner; throws when it is not there. */
  address(what: string): string
  /** Sends the signal and gives how the process ended and after how long. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; ms: number }>
}

/** Resolves when the program says that it is ready; rejects with what it printed when it ends first. */
export async function startProgram(words: string[], settings: Record<string, string>): Promise<Program> {
  const child = spawn(process.execPath, [main, ...words], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let isReady = false
  const ready = Promise.withResolvers<void>()
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      if (isReady || !printed.includes('is ready after')) return
      isReady = true
      ready.resolve()
    })
  void ended.then(([code]) => ready.reject(new Error(`ended with ${code}:\n${printed}`)))
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    const startedAt = Date.now()
    child.kill(signal)
    const [code] = await ended
    return { code, ms: Date.now() - startedAt }
  }
  await ready.promise
  return {
    pid: child.pid!,
    output: () => printed,
    address(what) {
      const line = printed.split('\n').find((text) => text.trim().startsWith(what))
      if (!line) throw new Error(`nothing listens as ${what}:\n${printed}`)
      return line.trim().slice(what.length).trim()
    },
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop('SIGKILL')
    },
  }
}

/** Removed when disposed of. A Postgres whose program was killed may write a moment longer. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'dakghar-program-'))
  const remove = () => rm(path, { recursive: true, force: true, maxRetries: 30, retryDelay: 100 })
  return { path, [Symbol.asyncDispose]: remove }
}
