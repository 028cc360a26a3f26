/** What a newcomer does: `npm start` in an empty folder answers /health and /ready; Ctrl-C stops it within 5 s. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const data = mkdtempSync(join(tmpdir(), 'start-'))
const port = await freePort()
const env = { ...process.env, DATA_DIR: data, PORT: String(port), RPC_ADDRESS: 'tcp://127.0.0.1:0' }
const startedAt = Date.now()
const child = spawn('npm', ['start'], { env, stdio: ['ignore', 'inherit', 'inherit'] })
const exited = once(child, 'exit')
try {
  for (const path of ['/health', '/ready']) {
    while (!(await answers(path))) {
      if (child.exitCode !== null || Date.now() - startedAt > 60_000)
        throw new Error(`${path} does not answer`)
      await sleep(50)
    }
    console.log(`✔ ${path} answers after ${Date.now() - startedAt} ms`)
  }
  const stoppedAt = Date.now()
  child.kill('SIGINT')
  const [code] = await exited
  const stopMs = Date.now() - stoppedAt
  if (code !== 0 || stopMs > 5000) throw new Error(`stopped with ${code} after ${stopMs} ms`)
  console.log(`✔ stops cleanly in ${stopMs} ms`)
} catch (error) {
  console.log(`✖ npm start: ${error.message}`)
  child.kill('SIGKILL')
  process.exitCode = 1
} finally {
  rmSync(data, { recursive: true, force: true })
}

async function answers(path) {
  return await fetch(`http://127.0.0.1:${port}${path}`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
