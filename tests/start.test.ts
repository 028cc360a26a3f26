import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startProgram, temporaryFolder, type Program } from './program.ts'

const freePorts = { PORT: '0', RPC_ADDRESS: 'tcp://127.0.0.1:0' }

async function writeLine(program: Program, directory: string, data: string): Promise<number> {
  const key = (await readFile(join(directory, 'keys', 'service.key'), 'utf8')).trim()
  const response = await fetch(`${program.address('web')}/log`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'start.test', data }),
  })
  return response.status
}

test('a first start makes its database, a second one finds it, Ctrl-C ends each within 5 s', async () => {
  await using directory = await temporaryFolder()
  const settings = { ...freePorts, DATA_DIR: directory.path }
  for (const round of ['first', 'second']) {
    await using program = await startProgram([], settings)
    const health = (await (await fetch(`${program.address('web')}/health`)).json()) as { status: string }
    assert.equal(health.status, 'ok')
    assert.equal((await stat(join(directory.path, 'postgres'))).mode & 0o777, 0o700)
    assert.equal(await writeLine(program, directory.path, round), 202)
    const key = (await readFile(join(directory.path, 'keys', 'service.key'), 'utf8')).trim()
    const found = await fetch(`${program.address('web')}/api/logs?name=start.test`, {
      headers: { 'x-api-key': key },
    })
    const { items } = (await found.json()) as { items: { data: string }[] }
    assert.deepEqual(
      items.map(({ data }) => data),
      round === 'first' ? ['first'] : ['second', 'first'],
    )
    const { code, ms } = await program.stop('SIGINT')
    assert.equal(code, 0, program.output())
    assert.ok(ms < 5000, `took ${ms} ms`)
  }
})

test('a second start beside a running one says so, and a start after kill -9 works', async () => {
  await using directory = await temporaryFolder()
  const settings = { ...freePorts, DATA_DIR: directory.path }
  await using first = await startProgram([], settings)
  await assert.rejects(startProgram([], settings), /already running|already in use/i)
  await first.stop('SIGKILL')
  await using second = await startProgram([], settings)
  assert.equal(await writeLine(second, directory.path, 'after'), 202)
})

test('settings that are wrong, words that are unknown and a database that is away end the start with clear lines', async (t) => {
  const directory = await temporaryFolder()
  t.after(() => directory[Symbol.asyncDispose]())
  const settings = { ...freePorts, DATA_DIR: directory.path }
  await assert.rejects(startProgram([], { ...settings, PORT: 'many', LOG_LEVEL: 'loud' }), (error: Error) => {
    assert.match(error.message, /ended with 1/)
    assert.match(error.message, /PORT: .*\n.*LOG_LEVEL: |LOG_LEVEL: .*\n.*PORT: /)
    return true
  })
  await assert.rejects(
    startProgram(['logs', 'shed'], settings),
    /unknown: shed\. Known are: .*logs, logs\/api/,
  )
  const away = { ...settings, DATABASE_URL: 'postgres://someone:hush@127.0.0.1:1/none' }
  await assert.rejects(startProgram([], away), (error: Error) => {
    assert.match(error.message, /does not answer/)
    assert.ok(!error.message.includes('hush'), 'a password is never shown')
    return true
  })
})
