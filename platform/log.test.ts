import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createLogger } from './log.ts'

/** Runs the statements with a `log` in a process of their own and gives what it wrote. */
async function logIn(statements: string, options: Record<string, unknown>): Promise<string> {
  const script = `
    const { createLogger } = await import(${JSON.stringify(new URL('./log.ts', import.meta.url).href)})
    const log = createLogger(${JSON.stringify({ level: 'info', format: 'json', ...options })}).child({ service: 'shop' })
    ${statements}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close')) as [number]
  assert.equal(code, 0)
  return output
}

test('a line is one JSON object with time, service and level', async () => {
  const output = await logIn(`log.info({ traceId: 't' }, 'hello'); log.debug('quiet')`, {})
  const lines = output.trim().split('\n')
  assert.equal(lines.length, 1)
  const { time, ...line } = JSON.parse(lines[0]!) as Record<string, string>
  assert.ok(!Number.isNaN(Date.parse(time!)))
  assert.deepEqual(line, { level: 'info', service: 'shop', traceId: 't', msg: 'hello' })
})

test('secrets never reach a line', async () => {
  const output = await logIn(
    `log.info({ password: 'hush', user: { token: 'hush', name: 'Asha' }, headers: { authorization: 'hush' } }, 'x')`,
    {},
  )
  assert.ok(!output.includes('hush'))
  assert.ok(output.includes('Asha'))
})

test('at a terminal a line is text', async () => {
  const output = await logIn(`log.warn({ port: 1 }, 'taken')`, { format: 'text' })
  assert.match(output, /^\d\d:\d\d:\d\d warn {2}shop {5}taken port=1\n$/)
})

test('files are kept by service and level, and lines are shipped as objects', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'dakghar-log-'))
  try {
    const shipped: Record<string, unknown>[] = []
    const ship = (line: Record<string, unknown>) => void shipped.push(line)
    const log = createLogger({ level: 'info', format: 'json', directory, ship })
    log.child({ service: 'a' }).info('one')
    log.child({ service: '../mail' }).error('two')
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.deepEqual((await readdir(directory)).toSorted(), ['.._mail-error.log', 'a-info.log'])
    assert.match(await readFile(join(directory, 'a-info.log'), 'utf8'), /"msg":"one"/)
    assert.deepEqual(
      shipped.map(({ msg }) => msg),
      ['one', 'two'],
    )
  } finally {
    await rm(directory, { recursive: true })
  }
})
