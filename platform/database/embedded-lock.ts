/** Who runs the Postgres of a directory. */
import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const orphanTimeoutMs = 10_000
const politeMs = 3000

/**
 * Takes the directory for this process. The descriptor it gives is passed on to Postgres: the kernel releases
 * the lock when this process and the last Postgres process have ended, however they ended. A Postgres whose
 * program was killed is stopped first. Throws when another program runs there.
 *
 * Where there is no `flock` command the only guard is Postgres's own `postmaster.pid`.
 */
export async function lockCluster(directory: string, cluster: string): Promise<number> {
  const path = join(directory, 'lock')
  const lock = openSync(path, 'a+', 0o600)
  try {
    const startedAt = Date.now()
    let outcome: LockOutcome
    while ((outcome = tryLock(lock)) === 'taken') {
      const waitedMs = Date.now() - startedAt
      const owner = Number(readFileSync(path, 'utf8'))
      const postmaster = runningPostmaster(cluster)
      if (postmaster?.parent === owner || waitedMs > orphanTimeoutMs)
        throw new Error(`already running (process ${owner}, data in ${directory})`)
      if (postmaster) signal(postmaster.pid, waitedMs > politeMs ? 'SIGQUIT' : 'SIGINT')
      await sleep(50)
    }
    ftruncateSync(lock)
    writeSync(lock, String(process.pid))
    // Nobody holds the lock, so the file is of a server that was killed; its process id may be anybody's now.
    if (outcome === 'ours') rmSync(join(cluster, 'postmaster.pid'), { force: true })
    return lock
  } catch (error) {
    closeSync(lock)
    throw error
  }
}

type LockOutcome = 'ours' | 'taken' | 'unsupported'

/** `flock` locks the open file description that it inherits as descriptor 3, which stays ours when it exits. */
function tryLock(lock: number): LockOutcome {
  const { status, error } = spawnSync('flock', ['--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', lock],
  })
  if (error) return 'unsupported'
  return status === 0 ? 'ours' : 'taken'
}

/** The postmaster of this cluster and its parent process, if one runs (Linux). */
function runningPostmaster(cluster: string): { pid: number; parent: number } | undefined {
  try {
    const pid = Number(readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')[0])
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    if (!command[0]?.endsWith('/postgres') || !command.includes(cluster)) return undefined
    // proc(5): "pid (comm) state ppid …"; comm may hold spaces and parentheses.
    const parent = Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1])
    return { pid, parent }
  } catch {
    return undefined
  }
}

/** The process may end by itself meanwhile. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {}
}
