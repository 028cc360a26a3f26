import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'run-'))
after(() => rmSync(folder, { recursive: true }))

/** A project with one dependency, in its own folder, and this program. */
function project(program: string, { isInstalled = true } = {}): string {
  const root = mkdtempSync(join(folder, 'project-'))
  const write = (path: string, content: string | object) => {
    mkdirSync(join(root, path, '..'), { recursive: true })
    writeFileSync(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  mkdirSync(join(root, 'tools'))
  for (const file of ['run.mjs', 'web.mjs'])
    cpSync(join(import.meta.dirname, file), join(root, 'tools', file))
  write('package.json', { name: 'project', dependencies: { letter: 'file:letter' } })
  write('letter/package.json', { name: 'letter', version: '1.0.0' })
  write('package-lock.json', {
    name: 'project',
    lockfileVersion: 3,
    packages: {
      '': { name: 'project', dependencies: { letter: 'file:letter' } },
      letter: { version: '1.0.0' },
      'node_modules/letter': { resolved: 'letter', link: true },
    },
  })
  write('program.ts', program)
  if (isInstalled) write('node_modules/.package-lock.json', {})
  return root
}

function run(root: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, 'tools', 'run.mjs'), ...args], { cwd: root })
  let printed = ''
  for (const pipe of [child.stdout, child.stderr])
    pipe.setEncoding('utf8').on('data', (text: string) => {
      printed += text
      child.emit('printed')
    })
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  return {
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Resolves when the pattern has been printed that many times. */
    async says(pattern: string, times = 1) {
      while (printed.split(pattern).length - 1 < times) {
        assert.ok(child.exitCode === null && child.signalCode === null, `ended, having printed: ${printed}`)
        await Promise.race([once(child, 'printed'), once(child, 'exit')])
      }
    },
    ended: async () => {
      const [code, signal] = await ended
      return { code, signal, printed }
    },
  }
}

test('a program gets its arguments and gives its exit code', async () => {
  const root = project(`const words: string[] = process.argv.slice(2)
    console.log(words.join(' '))
    process.exit(7)`)
  const { code, printed } = await run(root, 'program.ts', 'one', '--two').ended()
  assert.equal(code, 7)
  assert.equal(printed, 'one --two\n')
})

test('a program that a signal stops cleanly ends cleanly', async () => {
  const root = project(`process.on('SIGTERM', () => { console.log('bye'); process.exit(0) })
    setInterval(() => console.log('up'), 50)`)
  const running = run(root, 'program.ts')
  await running.says('up')
  running.kill('SIGTERM')
  const { code, printed } = await running.ended()
  assert.equal(code, 0)
  assert.equal(printed.split('bye').length, 2)
})

test('--watch starts again on a change, keeps what was printed, and a signal stops both', async () => {
  const root = project(`process.on('SIGTERM', () => { console.log('bye'); process.exit(0) })
    setInterval(() => {}, 1000)
    console.log('up')`)
  const running = run(root, '--watch', 'program.ts')
  await running.says('up')
  utimesSync(join(root, 'program.ts'), new Date(), new Date())
  await running.says('up', 2)
  await running.says('bye')
  running.kill('SIGTERM')
  const { code, printed } = await running.ended()
  assert.equal(code, 0)
  assert.equal(printed.split('bye').length, 3)
})

test('of two starts at once one installs what is missing, the other waits', async () => {
  const root = project(`console.log('runs')`, { isInstalled: false })
  const both = await Promise.all([run(root, 'program.ts').ended(), run(root, 'program.ts').ended()])
  const printed = both.map((one) => one.printed).join('')
  assert.equal(printed.split('Installing dependencies').length, 2, printed)
  assert.equal(printed.split('runs').length, 3, printed)
  assert.ok(existsSync(join(root, 'node_modules', 'letter')))
  assert.equal((await run(root, 'program.ts').ended()).printed, 'runs\n')
})

test('a lock file newer than what is installed is installed', async () => {
  const root = project(`console.log('runs')`)
  const past = new Date(Date.now() - 60_000)
  utimesSync(join(root, 'node_modules', '.package-lock.json'), past, past)
  assert.equal((await run(root, 'program.ts').ended()).printed, 'Installing dependencies …\nruns\n')
  assert.equal((await run(root, 'program.ts').ended()).printed, 'runs\n')
})

test('an install that was killed does not block the next one', async () => {
  const root = project(`console.log('runs')`, { isInstalled: false })
  const killed = spawn(process.execPath, ['--eval', ''])
  await once(killed, 'exit')
  mkdirSync(join(root, '.runtime'))
  writeFileSync(join(root, '.runtime', 'installing'), String(killed.pid))
  assert.match((await run(root, 'program.ts').ended()).printed, /runs\n$/)
})
