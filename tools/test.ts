/**
 * `npm test`: every test, on one Postgres and one RabbitMQ started for the run.
 * `npm test -- platform/rpc --test-name-pattern=cancel`: some of them; options are those of `node --test`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTestServer } from '#platform/database/testing.ts'
import { startRabbitmq } from '#platform/testing/rabbitmq.ts'
import { installDebianPackages } from './debian.ts'

const rooms = ['contracts', 'platform', 'services', 'web', 'tests', 'tools', 'bench']
const testTimeoutMs = 300_000

/** Debian packages. */
const servers = ['rabbitmq-server', 'redis-server', 'chromium', 'haproxy', 'pebble']
/** Of signatures on mail. */
const verifiers = ['python3-dkim', 'python3-nacl', 'python3-authres']
/** Other mail servers and programs. Exim is fetched by its tests: it can't be installed beside Postfix. */
const mailPrograms = ['postfix', 'rspamd', 'swaks', 'msmtp', 'mutt']

process.exitCode = await runTests(process.argv.slice(2))

async function runTests(words: string[]): Promise<number> {
  const options = words.filter((word) => word.startsWith('-'))
  const paths = words.filter((word) => !word.startsWith('-'))
  const files = testFiles(paths.length > 0 ? paths : rooms)
  if (files.length === 0) throw new Error(`no test files in ${paths.join(', ')}`)
  installDebianPackages([...servers, ...verifiers, ...mailPrograms])

  await using stack = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'dakghar-tests-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  process.env.TMPDIR = folder // Whatever a killed test leaves behind goes with the run.
  process.env.TEST_DATABASE_URL = stack.use(await startTestServer()).url
  if (paths.length === 0) {
    const rabbitmq = stack.use(await startRabbitmq())
    process.env.TEST_AMQP_URL = rabbitmq.url
    process.env.TEST_AMQP_MANAGEMENT_URL = rabbitmq.managementUrl
  }
  return await runNode([
    '--test',
    '--test-reporter=spec',
    `--test-timeout=${testTimeoutMs}`,
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    `--import=${import.meta.resolve('./open-handles.ts')}`,
    ...options,
    ...files,
  ])
}

/** Of folders, files and glob patterns. */
function testFiles(paths: string[]): string[] {
  const patterns = paths.map((path) =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, '**/*.test.ts') : path,
  )
  return globSync(patterns, { exclude: ['**/node_modules/**'] }).toSorted()
}

/** Gives its exit code. An interrupt ends the tests, then the servers they run on. */
async function runNode(args: string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
