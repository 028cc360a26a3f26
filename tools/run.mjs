/**
 * Runs a program of this repository on a machine that has Node 18 or newer and npm:
 * `node tools/run.mjs [--watch] <program> [arguments]`. Installs the dependencies when they are missing or older
 * than the lock file, and a private Node 24 when the running one is older. Plain JavaScript: old Node reads it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildWeb, watchWeb } from './web.mjs'

const nodeVersion = '24.21.0'
const root = fileURLToPath(new URL('..', import.meta.url))
const runtime = join(root, '.runtime')
const compileCache = join(root, 'node_modules', '.cache', 'compile')
/** Programs that serve the web app. */
const showsWeb = ['main.ts', 'tools/test.ts', 'tools/screens.ts', 'bench/main.ts']
const isOldNode = Number(process.versions.node.split('.')[0]) < 24

const [first, ...rest] = process.argv.slice(2)
const isWatching = first === '--watch'
const [program, ...args] = isWatching ? rest : [first, ...rest]
const path = join(root, program ?? '')

if (!hasDependencies() || (isOldNode && !hasNode())) await installOnce()
if (showsWeb.includes(program)) {
  buildWeb(isOldNode ? ownNode().path : process.execPath)
  if (isWatching) watchWeb(isOldNode ? ownNode().path : process.execPath)
}
if (isOldNode || isWatching) {
  const watch = isWatching ? ['--watch', '--watch-preserve-output'] : []
  runChild(isOldNode ? ownNode().path : process.execPath, [...watch, path, ...args])
} else {
  module.enableCompileCache?.(compileCache)
  process.env.NODE_COMPILE_CACHE = compileCache
  process.argv = [process.execPath, path, ...args]
  await import(pathToFileURL(path).href)
}

function hasDependencies() {
  const installed = modifiedMs(join(root, 'node_modules', '.package-lock.json'))
  return installed > 0 && installed >= modifiedMs(join(root, 'package-lock.json'))
}

function modifiedMs(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** What the npm package `node` installs on this platform, without its install script, which npm may not run. */
function ownNode() {
  const isWindows = process.platform === 'win32'
  const { platform, arch } = process
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'
  const name = `${prefix}-${isWindows ? 'win' : platform}-${arch}`
  const folder = join(runtime, 'node_modules', name)
  return { name, folder, path: join(folder, 'bin', isWindows ? 'node.exe' : 'node') }
}

function hasNode() {
  try {
    return JSON.parse(readFileSync(join(ownNode().folder, 'package.json'), 'utf8')).version === nodeVersion
  } catch {
    return false
  }
}

/** Installs what is missing; of two programs started at once, one waits for the other. */
async function installOnce() {
  const lock = join(runtime, 'installing')
  mkdirSync(runtime, { recursive: true })
  while (!takeLock(lock)) await new Promise((resolve) => setTimeout(resolve, 200))
  try {
    if (isOldNode && !hasNode()) {
      say(`Node ${process.versions.node} is older than 24: fetching Node ${nodeVersion} into .runtime/ …`)
      npm('install', '--prefix', runtime, '--no-save', `${ownNode().name}@${nodeVersion}`)
    }
    if (!hasDependencies()) {
      say('Installing dependencies …')
      npm('install', '--prefix', root, '--no-save', '--include=dev', '--include=optional')
      const now = new Date()
      utimesSync(join(root, 'node_modules', '.package-lock.json'), now, now)
    }
  } finally {
    rmSync(lock, { force: true })
  }
}

/** The lock is a file that holds its owner's process id; one whose owner has died is nobody's. */
function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  try {
    process.kill(Number(readFileSync(lock, 'utf8')) || process.pid, 0)
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(lock, { force: true })
  }
  return false
}

/** Install scripts stay off: nothing here needs one, and newer npm asks for each. */
function npm(...words) {
  const given = process.env.npm_execpath
  const quiet = ['--ignore-scripts', '--engine-strict=false', '--no-audit', '--no-fund', '--loglevel=error']
  const [command, ...before] = given?.endsWith('.js') ? [process.execPath, given] : ['npm']
  const { status, stdout, stderr, error } = spawnSync(command, [...before, ...words, ...quiet], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && before.length === 0,
  })
  if (status === 0) return
  say(`npm ${words[0]} failed.\n${error?.message ?? `${stdout}${stderr}`}`)
  rmSync(join(runtime, 'installing'), { force: true })
  process.exit(1)
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Ends as the child ends. Signals go on to the child, which may have had the same one from the terminal. */
function runChild(command, words) {
  const child = spawn(command, words, {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  })
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    say(error.message)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    for (const name of signals) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}
