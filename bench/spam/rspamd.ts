import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '#platform/testing/server-process.ts'
import { installDebianPackages } from '../../tools/debian.ts'
import { cpuSeconds, figuresOf, readLines, type PeerFigures } from './corpus.ts'

const patienceMs = 30_000

/** The stock configuration with Redis for its Bayes, no network, one worker; learns by its controller. */
export async function runRspamd(index: string, folder: string, limit: number): Promise<PeerFigures> {
  installDebianPackages(['rspamd', 'redis-server'])
  await using stack = new AsyncDisposableStack()
  const home = join(folder, 'rspamd')
  mkdirSync(home)
  // It runs as a user of its own.
  for (const path of [folder, home]) chmodSync(path, 0o777)
  const [redisPort, workerPort, controllerPort] = [await freePort(), await freePort(), await freePort()]
  const redis = spawn(
    'redis-server',
    ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', '', '--dir', home],
    { stdio: 'ignore' },
  )
  stack.defer(() => stop(redis))
  writeConfiguration(home, { redisPort, workerPort, controllerPort })
  const rspamd = spawn(
    'rspamd',
    [
      '-f',
      '-i',
      '-c',
      '/etc/rspamd/rspamd.conf',
      '--var',
      `LOCAL_CONFDIR=${home}`,
      '--var',
      `DBDIR=${home}`,
      '--var',
      `RUNDIR=${home}`,
      '--var',
      `LOGDIR=${home}`,
    ],
    { stdio: 'ignore' },
  )
  stack.defer(() => stop(rspamd))
  await answering(`http://127.0.0.1:${workerPort}/ping`)
  await answering(`http://127.0.0.1:${controllerPort}/ping`)

  const lines = readLines(index, limit)
  const before = cpuOf(rspamd, redis)
  const answers = []
  for (const { label, file } of lines) {
    const body = readFileSync(file)
    const judged = (await (
      await fetch(`http://127.0.0.1:${workerPort}/checkv2`, { method: 'POST', body })
    ).json()) as {
      score: number
      action: string
    }
    const learned = await fetch(`http://127.0.0.1:${controllerPort}/learn${label}`, { method: 'POST', body })
    await learned.arrayBuffer()
    answers.push({ score: judged.score, isSpam: judged.score >= 6 })
  }
  return figuresOf(lines, answers, cpuOf(rspamd, redis) - before)
}

function writeConfiguration(
  home: string,
  ports: { redisPort: number; workerPort: number; controllerPort: number },
): void {
  mkdirSync(join(home, 'local.d'))
  mkdirSync(join(home, 'override.d'))
  const files: Record<string, string> = {
    'redis.conf': `servers = "127.0.0.1:${ports.redisPort}";`,
    'worker-normal.inc': `bind_socket = "127.0.0.1:${ports.workerPort}"; count = 1;`,
    'worker-controller.inc': `bind_socket = "127.0.0.1:${ports.controllerPort}"; count = 1; secure_ip = "127.0.0.1";`,
    'worker-proxy.inc': 'enabled = false;',
    'worker-fuzzy.inc': 'enabled = false;',
    'options.inc':
      'dns { nameserver = ["127.0.0.1:9"]; timeout = 0.05s; retransmits = 0; } local_addrs = [];',
    'classifier-bayes.conf': 'backend = "redis"; min_learns = 1; autolearn = false;',
    'logging.inc': `type = "file"; filename = "${home}/rspamd.log"; level = "error";`,
    'greylist.conf': 'enabled = false;',
    'ratelimit.conf': 'enabled = false;',
    'rbl.conf': 'enabled = false;',
    'fuzzy_check.conf': 'enabled = false;',
    'surbl.conf': 'enabled = false;',
    'history_redis.conf': 'enabled = false;',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, 'local.d', name), `${text}\n`)
}

async function answering(url: string): Promise<void> {
  const until = performance.now() + patienceMs
  for (;;) {
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isUp) return
    if (performance.now() > until) throw new Error(`rspamd does not answer at ${url}`)
    await sleep(100)
  }
}

/** Of the processes and their children. */
function cpuOf(...processes: ChildProcess[]): number {
  return processes.reduce((sum, { pid }) => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    const all = [
      pid!,
      ...children
        .split(' ')
        .filter((each) => each !== '')
        .map(Number),
    ]
    return sum + all.reduce((seconds, each) => seconds + cpuSeconds(each), 0)
  }, 0)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill()
  await once(child, 'exit')
}
