/**
 * Builds the web app where it is missing or older than what it is made of: `node tools/web.mjs [--watch]`.
 * `tools/run.mjs` asks before it starts a program that serves the app. Plain JavaScript: old Node reads it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'web', 'dist')
/** Written by the build when it is whole; its time is when the build began. */
const stamp = join(dist, '.built')
const sources = ['web', 'contracts', 'package-lock.json', 'package.json'].map((name) => join(root, name))
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
const words = [vite, 'build', '--config', join(root, 'web', 'vite.config.ts'), '--logLevel', 'warn']

/** `node`: path of a Node 24. Throws when the build fails. */
export function buildWeb(node = process.execPath) {
  // An installation without what developers need comes with its app built.
  if (!existsSync(vite) || isFresh()) return
  process.stderr.write('Building the web app …\n')
  const { status } = spawnSync(node, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('the web app could not be built')
}

/** Builds again after each change, beside a program that is developed. */
export function watchWeb(node = process.execPath) {
  const child = spawn(node, [...words, '--watch'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  process.on('exit', () => child.kill())
}

function isFresh() {
  const builtMs = modifiedMs(stamp)
  // File systems keep times to a fraction of what is set.
  return builtMs > 0 && sources.every((path) => newestMs(path, builtMs + 1) <= builtMs + 1)
}

/** Stops looking at the first that is newer. A file that was removed shows in its folder. */
function newestMs(path, limitMs) {
  let newest = modifiedMs(path)
  if (newest > limitMs || !statSync(path).isDirectory()) return newest
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (inner === dist || newest > limitMs) continue
    newest = Math.max(newest, entry.isDirectory() ? newestMs(inner, limitMs) : modifiedMs(inner))
  }
  return newest
}

function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
