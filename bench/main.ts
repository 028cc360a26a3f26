/** `npm run bench -- <name>...`: measures us against our peers; `--list` shows what there is. */
import { spawnSync } from 'node:child_process'
import { globSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.ts'

const folder = import.meta.dirname
const { values, positionals } = parseArgs({ allowPositionals: true, options: { list: { type: 'boolean' } } })
const known = globSync('*.ts', { cwd: folder })
  .filter((file) => !['main.ts', 'bench.ts'].includes(file) && !file.endsWith('.test.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .toSorted()
const unknown = positionals.filter((name) => !known.includes(name))

if (values.list) for (const name of known) console.log(`${name}\n  ${(await load(name)).summary}\n`)
else if (positionals.length === 0 || unknown.length > 0) {
  if (unknown.length > 0) console.error(`unknown: ${unknown.join(', ')}`)
  console.error(`Usage: npm run bench -- --list | <name>...\nKnown are: ${known.join(', ')}`)
  process.exitCode = 1
} else {
  installPeers()
  for (const name of positionals) await run(await load(name))
}

async function load(name: string): Promise<Bench> {
  return ((await import(join(folder, `${name}.ts`))) as { default: Bench }).default
}

/** The last line is for programs. */
async function run(bench: Bench): Promise<void> {
  console.log(`${bench.name}: ${bench.summary}`)
  const { ratios, table } = await bench.run()
  console.table(Object.fromEntries(table.map(({ name, ...figures }) => [name, figures])))
  console.log(JSON.stringify({ bench: bench.name, ratios }))
}

/** Into a folder of their own: they are no dependencies of the product. */
function installPeers(): void {
  const peers = join(folder, 'peers')
  const modified = (path: string) => statSync(join(peers, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const installed = 'node_modules/.package-lock.json'
  if (modified(installed) >= modified('package-lock.json')) return
  console.error('Installing the peers …')
  const words = ['install', '--prefix', peers, '--no-save', '--ignore-scripts', '--loglevel=error']
  const { status } = spawnSync('npm', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('npm could not install the peers')
  utimesSync(join(peers, installed), new Date(), new Date())
}
