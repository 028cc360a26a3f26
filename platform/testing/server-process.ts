/** Servers that tests run: on free ports, and gone when the process that started them is gone. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ServerProcess {
  /** Sends the signal, if it still runs, and resolves when it has exited. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

export interface ServerCommand {
  /** Name of the Debian package, for the message when the command is missing. */
  debianPackage: string
  command: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Resolves to true when the server answers. Asked every 50 ms; a rejection means not yet. */
  isReady: () => Promise<boolean>
  readyTimeoutMs?: number
}

/** Resolves when the server answers. Rejects with what it printed when it exits first or takes too long. */
export async function startServerProcess(options: ServerCommand): Promise<ServerProcess> {
  const { debianPackage, command, args, env = {}, isReady, readyTimeoutMs = 60_000 } = options
  const child = spawnBound(command, args, env)
  const output: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk))
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    await exited
  }

  const giveUpAt = Date.now() + readyTimeoutMs
  while (!(await isReady().catch(() => false))) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined)
      throw new Error(`${command} did not start; is ${debianPackage} installed?\n${Buffer.concat(output)}`)
    if (Date.now() > giveUpAt) {
      await stop('SIGKILL')
      throw new Error(`${command} did not answer in ${readyTimeoutMs} ms\n${Buffer.concat(output)}`)
    }
    await sleep(50)
  }
  output.length = 0
  return { stop }
}

/** A port that nothing listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** True when something accepts connections there. */
export async function accepts(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host)
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}

/** On Linux the kernel kills the child when this process dies, however it dies. */
function spawnBound(command: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
  const bound = process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', command] : [command]
  const [first = command, ...rest] = [...bound, ...args]
  return spawn(first, rest, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}
