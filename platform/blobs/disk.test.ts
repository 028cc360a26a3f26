import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBlobs, type StoreUnderTest } from './blobs.checks.ts'
import { BlobCorrupt, type Blobs } from './blobs.ts'
import { openBlobs } from './open.ts'

checkBlobs('disk', diskStore)

interface DiskStore extends StoreUnderTest {
  directory: string
}

async function diskStore(): Promise<DiskStore> {
  const directory = await mkdtemp(join(tmpdir(), 'blobs-'))
  const pathOf = (id: string) => join(directory, id.slice(0, 2), id)
  return {
    directory,
    open: (options) => openBlobs(`file:${directory}`, options),
    read: (id) => readFile(pathOf(id)),
    overwrite: (id, bytes) => writeFile(pathOf(id), bytes),
    async names() {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => basename(entry.name))
        .sort()
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true })
    },
  }
}

const openModule = JSON.stringify(import.meta.resolve('./open.ts'))

test('a process killed 50 times in mid-put loses nothing it confirmed and shows nothing torn', async () => {
  await using store = await diskStore()
  const source = `
    import { randomBytes, randomInt } from 'node:crypto'
    import { writeSync } from 'node:fs'
    import { openBlobs } from ${openModule}
    const blobs = await openBlobs(process.argv[1])
    for (;;) writeSync(1, (await blobs.put(randomBytes(randomInt(600_000)))).id + '\\n')`
  const confirmed = new Set<string>()
  for (let round = 0; round < 50; round++) {
    const args = ['--input-type=module', '--eval', source, `file:${store.directory}`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const printed = text(child.stdout)
    await once(child.stdout, 'data')
    await sleep(randomInt(60))
    child.kill('SIGKILL')
    for (const line of (await printed).split('\n').slice(0, -1)) confirmed.add(line)
  }

  await using blobs = await store.open()
  const visible = await Array.fromAsync(blobs.list())
  for (const id of visible) assert.equal(sha256(await readAll(blobs, id)), id)
  assert.ok(confirmed.size >= 50)
  assert.deepEqual([...confirmed.difference(new Set(visible))], [])
  const leftover = await readdir(join(store.directory, 'incoming'))
  assert.ok(leftover.length > 0, 'no kill hit a put')
})

test('leftovers are removed at open when they are older than an hour', async () => {
  await using store = await diskStore()
  const incoming = join(store.directory, 'incoming')
  await mkdir(incoming)
  for (const [name, ageMinutes] of [
    ['old', 61],
    ['recent', 59],
  ] as const) {
    await writeFile(join(incoming, name), 'half a blob')
    const modified = Date.now() / 1000 - ageMinutes * 60
    await utimes(join(incoming, name), modified, modified)
  }
  await using blobs = await store.open()
  assert.deepEqual(await store.names(), ['recent'])
  assert.deepEqual(await Array.fromAsync(blobs.list()), [])
})

test('opening while other processes put and open does not fail', async () => {
  await using store = await diskStore()
  const opened = await Promise.all(Array.from({ length: 20 }, () => store.open()))
  const busy = opened.map(async (blobs) => {
    for (let round = 0; round < 10; round++) {
      await blobs.put(randomBytes(10))
      await store.open()
    }
  })
  await Promise.all(busy)
  assert.equal((await store.names()).length, 200)
})

test('no file stays open', { skip: process.platform !== 'linux' }, async () => {
  await using store = await diskStore()
  await using blobs = await store.open()
  const { id } = await blobs.put(randomBytes(1_000_000))
  const damaged = await blobs.put(randomBytes(1000))
  await store.overwrite(damaged.id, randomBytes(1000))
  const before = await countOpenFiles()
  for (let round = 0; round < 20; round++) {
    await readAll(blobs, id)
    await blobs.info(id)
    await blobs.put(randomBytes(1000), { maxBytes: 10 }).catch(() => {})
    await assert.rejects(blobs.get(damaged.id), BlobCorrupt)
    const unread = await blobs.get(id)
    unread?.destroy()
    const halfRead = await blobs.get(id)
    assert.ok(halfRead)
    await once(halfRead, 'readable')
    halfRead.destroy()
  }
  await sleep(20)
  assert.ok((await countOpenFiles()) <= before + 1)
})

test('a full disk is unavailable and keeps no leftover', (t) => {
  const source = `
    import { randomBytes } from 'node:crypto'
    import { readdirSync } from 'node:fs'
    import { openBlobs } from ${openModule}
    const blobs = await openBlobs('file:' + process.argv[1])
    const put = (bytes) => blobs.put(randomBytes(bytes)).then(() => 'stored', (error) => error.code)
    const codes = [await put(3_000_000), await put(1_000_000), await put(3_000_000)]
    console.log(JSON.stringify([codes, readdirSync(process.argv[1] + '/incoming')]))`
  const script = 'mount -t tmpfs -o size=2m none "$2" && exec "$0" --input-type=module --eval "$1" "$2"'
  const args = ['--map-root-user', '--mount', 'sh', '-c', script, process.execPath, source, '/mnt']
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8', timeout: 30_000 })
  if (status !== 0 && !stderr?.includes('node:')) return t.skip(`no small disk to be had: ${stderr}`)
  assert.deepEqual(JSON.parse(stdout), [['unavailable', 'stored', 'unavailable'], []])
})

for (const url of ['file:', '', './blobs', 'http://127.0.0.1/blobs', 's3:', 's3://host', 's3://host/'])
  test(`${JSON.stringify(url)} is no place for blobs`, async () => {
    await assert.rejects(openBlobs(url), /url like|address like|Invalid URL/)
  })

test('a key of another length than 32 bytes is refused', async () => {
  for (const length of [0, 16, 31, 33])
    await assert.rejects(openBlobs('file:./x', { encryptionKey: randomBytes(length) }), /32 bytes/)
})

async function countOpenFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

async function readAll(blobs: Blobs, id: string): Promise<Buffer> {
  const content = await blobs.get(id)
  assert.ok(content)
  return buffer(content)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
