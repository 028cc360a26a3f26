/** Processes on a core of their own, and the CPU time they use. */
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

/** What is measured has one core; clients and what stands behind have the other. */
export type Core = 'measured' | 'rest'

export interface Process extends AsyncDisposable {
  readonly child: ChildProcess
  readonly pid: number
}

export function start(
  core: Core,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Process {
  const stdio: StdioOptions = ['ignore', 'ignore', 'inherit', 'ipc']
  const child = spawn('taskset', ['-c', core === 'measured' ? '0' : '1', command, ...args], {
    stdio,
    env: { ...process.env, ...env },
  })
  return {
    child,
    pid: child.pid!,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      if (child.connected) child.disconnect()
      child.kill()
      await exited
    },
  }
}

/** A program of this folder, which tells its parent one value when it is ready. */
export async function startNode(
  core: Core,
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const path = new URL(file, import.meta.url).pathname
  const started = start(core, process.execPath, [path, ...args], env)
  return { ...started, value: await nextMessage(started.child) }
}

/** Rejects when the process ends instead. */
export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error(`${child.spawnargs.slice(3).join(' ')} has ended`))
    child.once('exit', onExit)
    child.once('message', (value) => {
      child.off('exit', onExit)
      resolve(value)
    })
  })
}

/** The process and its children, as they are now. */
export function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => familyOf(Number(child))))]
}

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout)

/** User and system time of all threads, proc_pid_stat(5) fields 14 and 15. */
export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return Number(fields[11]) + Number(fields[12])
  })
  return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond
}
