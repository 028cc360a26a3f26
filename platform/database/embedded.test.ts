import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from '#platform/testing/server-process.ts'
import { createCluster, launcherFor, nativeBinaries, restoreSymlinks } from './embedded-cluster.ts'
import { startEmbeddedPostgres } from './embedded.ts'

const parent = mkdtempSync(join(tmpdir(), 'dakghar-embedded-'))
after(() => rmSync(parent, { recursive: true, force: true }))
const isRoot = process.getuid?.() === 0
const onLinux = { skip: process.platform !== 'linux' && 'Linux only' }

let directories = 0
/** Below a parent that only its owner may enter. */
function newDirectory(): string {
  const closed = join(parent, String(directories++))
  mkdirSync(closed, { mode: 0o700 })
  return join(closed, 'data', 'postgres')
}

async function query<Row extends object>(url: string, sql: string): Promise<Row[]> {
  const client = new Client(url)
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

test('a second start finds the data of the first, below a directory that only we may enter', async () => {
  const directory = newDirectory()
  const first = await startEmbeddedPostgres({ directory })
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()

  await using second = await startEmbeddedPostgres({ directory })
  assert.deepEqual(await query(second.url, 'select answer from kept'), [{ answer: 42 }])
  assert.deepEqual(
    await query(
      second.url,
      `select current_setting('fsync') as fsync, current_setting('data_checksums') as checksums, datlocale as locale
       from pg_database where datname = current_database()`,
    ),
    [{ fsync: 'on', checksums: 'on', locale: 'C.UTF-8' }],
  )
  assert.equal(statSync(directory).mode & 0o777, 0o700)
  assert.equal(statSync(join(directory, 'cluster')).mode & 0o777, 0o700)
  assert.equal(statSync(join(directory, 'password')).mode & 0o777, 0o600)
})

test('nobody connects without the password', async () => {
  await using server = await startEmbeddedPostgres({ directory: newDirectory(), isDurable: false })
  const url = new URL(server.url)
  url.password = 'guess'
  await assert.rejects(query(url.href, 'select 1'), /password authentication failed/)
})

test('a start beside a running one says which process runs', async () => {
  const directory = newDirectory()
  await using server = await startEmbeddedPostgres({ directory, isDurable: false })
  await assert.rejects(startEmbeddedPostgres({ directory }), {
    message: `already running (process ${process.pid}, data in ${directory})`,
  })
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
})

test('of two first starts at once one wins and the other is told so', async () => {
  const directory = newDirectory()
  const starts = await Promise.allSettled([
    startEmbeddedPostgres({ directory, isDurable: false }),
    startEmbeddedPostgres({ directory, isDurable: false }),
  ])
  const winners = starts.filter((start) => start.status === 'fulfilled')
  const losers = starts.filter((start) => start.status === 'rejected')
  for (const { value } of winners) await value.stop()
  assert.equal(winners.length, 1)
  assert.match(String(losers[0]?.reason), /already running/)
})

test('Postgres ends when its program is killed, and the next start has every commit', onLinux, async () => {
  const directory = newDirectory()
  for (let round = 0; round < 5; round++) {
    const program = await startProgram(directory)
    await query(
      program.url,
      `create table if not exists rounds (round int); insert into rounds values (${round})`,
    )
    const postmaster = postmasterOf(directory)
    program.process.kill('SIGKILL')
    await once(program.process, 'exit')
    if (round % 2 === 0) await gone(postmaster)

    await using server = await startEmbeddedPostgres({ directory })
    const rows = await query<{ round: number }>(server.url, 'select round from rounds order by round')
    assert.deepEqual(
      rows,
      Array.from({ length: round + 1 }, (_, index) => ({ round: index })),
    )
  }
})

test('a Postgres that outlived its program is stopped by the next start', onLinux, async () => {
  const directory = newDirectory()
  await (await startEmbeddedPostgres({ directory, isDurable: false })).stop()
  const program = await startOrphan(directory)
  const postmaster = postmasterOf(directory)
  program.kill('SIGKILL')
  await once(program, 'exit')
  await sleep(200)
  assert.ok(isAlive(postmaster))

  await using server = await startEmbeddedPostgres({ directory })
  assert.ok(!isAlive(postmaster))
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
})

test('a postmaster.pid left behind does not block, though its process id is alive', onLinux, async () => {
  const directory = newDirectory()
  await (await startEmbeddedPostgres({ directory, isDurable: false })).stop()
  const stale = [process.pid, join(directory, 'cluster'), 1, 5432, '', '127.0.0.1', '0 0', 'ready']
  writeFileSync(join(directory, 'cluster', 'postmaster.pid'), stale.join('\n'))
  await using server = await startEmbeddedPostgres({ directory })
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
})

test('an interrupted first start leaves nothing that blocks the next', async () => {
  const directory = newDirectory()
  mkdirSync(join(directory, 'cluster.new'), { recursive: true })
  writeFileSync(join(directory, 'cluster.new', 'PG_VERSION'), '18')
  await using server = await startEmbeddedPostgres({ directory, isDurable: false })
  assert.deepEqual(await query(server.url, 'select 1 as one'), [{ one: 1 }])
})

test('a cluster of another major version is refused in one line that says so', async () => {
  const directory = newDirectory()
  await (await startEmbeddedPostgres({ directory, isDurable: false })).stop()
  writeFileSync(join(directory, 'cluster', 'PG_VERSION'), '15\n')
  await assert.rejects(startEmbeddedPostgres({ directory }), (error: Error) => {
    assert.match(error.message, /^Postgres did not start: .*initialized by PostgreSQL version 15/)
    return !error.message.includes('\n')
  })
})

test('stop ends in 5 s while a statement and a transaction are open', async () => {
  const server = await startEmbeddedPostgres({ directory: newDirectory(), isDurable: false })
  const busy = query(server.url, 'begin; select pg_sleep(60)').catch((error: Error) => error.message)
  const running = `select from pg_stat_activity where wait_event = 'PgSleep'`
  for (let found = 0; found === 0; found = (await query(server.url, running)).length) await sleep(50)
  const startedAt = Date.now()
  await Promise.all([server.stop(), server.stop()])
  assert.ok(Date.now() - startedAt < 5000)
  assert.match(String(await busy), /terminating connection/)
})

test(
  'as root, Postgres reads binaries that only root can reach',
  { skip: !isRoot && 'needs root' },
  async () => {
    const directory = newDirectory()
    mkdirSync(directory, { recursive: true })
    const { postgres } = await nativeBinaries()
    const native = join(dirname(directory), 'native')
    cpSync(dirname(dirname(postgres)), native, { recursive: true, verbatimSymlinks: true })
    chmodSync(native, 0o700)
    const cluster = join(directory, 'cluster')
    await createCluster({
      directory,
      cluster,
      binaries: { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres') },
      launcher: launcherFor(cluster),
      isDurable: false,
    })
    assert.notEqual(statSync(cluster).uid, 0)
    assert.ok(existsSync(join(cluster, 'PG_VERSION')))
  },
)

test('links that npm could not make are made', async () => {
  const root = join(parent, 'package')
  mkdirSync(join(root, 'native/lib'), { recursive: true })
  writeFileSync(join(root, 'native/lib/libpq.so.5.18'), 'library')
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  writeFileSync(join(root, 'native/pg-symlinks.json'), JSON.stringify(links))
  await Promise.all([restoreSymlinks(root), restoreSymlinks(root)])
  assert.equal(readFileSync(join(root, 'native/lib/libpq.so.5'), 'utf8'), 'library')
})

/** A program of its own that prints the URL. */
async function startProgram(directory: string): Promise<{ process: ChildProcess; url: string }> {
  const child = runScript(`
    const { startEmbeddedPostgres } = await import('./embedded.ts')
    const { url } = await startEmbeddedPostgres({ directory: ${JSON.stringify(directory)} })
    console.log(url)
    setInterval(() => {}, 1000)`)
  return { process: child, url: await firstLine(child) }
}

/** A program whose Postgres does not get a signal when the program dies. */
async function startOrphan(directory: string): Promise<ChildProcess> {
  const child = runScript(`
    const { spawn } = await import('node:child_process')
    const { lockCluster } = await import('./embedded-lock.ts')
    const { launcherFor, nativeBinaries } = await import('./embedded-cluster.ts')
    const directory = ${JSON.stringify(directory)}
    const cluster = directory + '/cluster'
    const lock = await lockCluster(directory, cluster)
    const { postgres } = await nativeBinaries()
    const [setpriv, , , ...user] = launcherFor(cluster).command
    const server = spawn(setpriv, [...user, '--', postgres, '-D', cluster, '-p', '${await freePort()}', '-k', ''], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', lock],
    })
    server.stderr.on('data', (text) => String(text).includes('ready to accept') && console.log('ready'))`)
  await firstLine(child)
  return child
}

function runScript(script: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [text] = (await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])) as [Buffer | number]
  return String(text).trim()
}

function postmasterOf(directory: string): number {
  return Number(readFileSync(join(directory, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** A zombie, which waits for a parent that asks how it ended, is dead. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

async function gone(pid: number): Promise<void> {
  for (let waitedMs = 0; isAlive(pid); waitedMs += 20) {
    assert.ok(waitedMs < 5000, `process ${pid} still runs`)
    await sleep(20)
  }
}
