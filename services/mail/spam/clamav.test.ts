import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { containsEicar } from './attachments.ts'
import { scanWithClamAv } from './clamav.ts'

const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD', '-ANTIVIRUS-TEST-FILE!$H+H*'].join('')

/** Speaks INSTREAM as clamd(8) describes it, and refuses what is not that. */
function startDaemon(where: string | number, { isSilent = false } = {}) {
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      const answer = isSilent ? undefined : answerTo(bytes)
      if (answer !== undefined) socket.end(answer)
    })
  })
  server.listen(where)
  return once(server, 'listening').then((): AsyncDisposable & { server: Server } => ({
    server,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }))
}

function answerTo(bytes: Buffer): string | undefined {
  const command = 'zINSTREAM\0'
  if (bytes.length < command.length) return undefined
  if (bytes.toString('latin1', 0, command.length) !== command) return 'UNKNOWN COMMAND\0'
  const pieces: Buffer[] = []
  for (let at = command.length; at + 4 <= bytes.length;) {
    const length = bytes.readUInt32BE(at)
    at += 4
    if (length === 0)
      return containsEicar(Buffer.concat(pieces)) ? 'stream: Eicar-Signature FOUND\0' : 'stream: OK\0'
    if (length > 25_000_000) return 'INSTREAM size limit exceeded. ERROR\0'
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return undefined
}

test('a virus is named, by a socket and by a port', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clamav-'))
  try {
    await using local = await startDaemon(join(folder, 'clamd.sock'))
    await using remote = await startDaemon(0)
    const port = (remote.server.address() as AddressInfo).port
    for (const where of [local.server.address() as string, `127.0.0.1:${port}`]) {
      assert.deepEqual(
        await scanWithClamAv(where, Readable.from([Buffer.from('one '), Buffer.from(eicar)])),
        { virus: 'Eicar-Signature' },
      )
      assert.deepEqual(await scanWithClamAv(where, Readable.from([Buffer.alloc(300_000, 'clean')])), {
        virus: undefined,
      })
      assert.deepEqual(await scanWithClamAv(where, Readable.from([])), { virus: undefined })
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('where nobody is, or nobody answers, there is no verdict', async () => {
  assert.equal(await scanWithClamAv('/nowhere/clamd.sock', Readable.from(['x'])), undefined)
  await using silent = await startDaemon(0, { isSilent: true })
  const where = `127.0.0.1:${(silent.server.address() as AddressInfo).port}`
  const stream = Readable.from([Buffer.from('x')])
  assert.equal(await scanWithClamAv(where, stream, { timeoutMs: 50 }), undefined)
  assert.equal(stream.destroyed, true)
})

test('a stream that breaks gives no verdict in time', async () => {
  await using daemon = await startDaemon(0)
  const where = `127.0.0.1:${(daemon.server.address() as AddressInfo).port}`
  const broken = new Readable({
    read() {
      this.destroy(new Error('disk'))
    },
  })
  assert.equal(await scanWithClamAv(where, broken, { timeoutMs: 300 }), undefined)
})
