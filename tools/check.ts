/** `npm run check`: everything about the code that a program can judge without running it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { findBreaches } from './fences.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Each resolves to its complaints, empty when there are none. */
const checks: Record<string, () => Promise<string>> = {
  types: () => run('node_modules/typescript/bin/tsc', '--noEmit', '--pretty', 'false'),
  'types of the web app': () =>
    run('node_modules/typescript/bin/tsc', '--noEmit', '--pretty', 'false', '--project', 'web/tsconfig.json'),
  lint: () =>
    run(
      'node_modules/oxlint/bin/oxlint',
      '--deny-warnings',
      '--report-unused-disable-directives',
      '--format=unix',
    ),
  format: () => run('node_modules/oxfmt/bin/oxfmt', '--check'),
  'dead code': () => run('node_modules/knip/bin/knip.js', '--no-progress'),
  fences: async () => findBreaches(root).join('\n'),
  'generated docs': () => run('tools/map.ts', '--check'),
}

const results = await Promise.all(Object.entries(checks).map(([name, check]) => report(name, check)))
process.exitCode = results.every(Boolean) ? 0 : 1

async function report(name: string, check: () => Promise<string>): Promise<boolean> {
  const startedAt = Date.now()
  const complaints = await check().catch(String)
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(
    complaints === '' ? `✔ ${name} (${seconds} s)\n` : `✖ ${name} (${seconds} s)\n${complaints.trim()}\n\n`,
  )
  return complaints === ''
}

/** Runs a JavaScript program of ours or of a package; gives what it printed when it failed. */
async function run(program: string, ...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  return code === 0 ? '' : `${stdout}${stderr}` || `exit code ${code}`
}
