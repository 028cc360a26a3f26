import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import * as fc from 'fast-check'
import { BlobCorrupt, type BlobOptions, type Blobs } from './blobs.ts'
import { blockBytes } from './container.ts'

/** An empty store of one adapter, and the way behind its back. */
export interface StoreUnderTest extends AsyncDisposable {
  open(options?: BlobOptions): Promise<Blobs>
  /** The stored bytes under an id. */
  read(id: string): Promise<Buffer>
  overwrite(id: string, bytes: Buffer): Promise<void>
  /** Everything kept, finished or not. */
  names(): Promise<string[]>
}

const seed = 20_240_601

export function checkBlobs(adapter: string, start: () => Promise<StoreUnderTest>): void {
  for (const encryptionKey of [undefined, randomBytes(32)])
    describe(`${adapter} blobs, ${encryptionKey ? 'encrypted' : 'in the clear'}`, () => {
      let store: StoreUnderTest
      let blobs: Blobs
      before(async () => {
        store = await start()
        blobs = await store.open({ encryptionKey })
      })
      after(async () => {
        await blobs[Symbol.asyncDispose]()
        await store[Symbol.asyncDispose]()
      })
      const current = () => ({ store, blobs })
      checkContent(current)
      checkRanges(current)
      checkRefusals(current)
      checkDamage(current)
      checkMisplacement(current)
    })
  describe(`${adapter} blobs`, () => {
    checkKeys(start)
    checkMemory(start)
  })
}

type Current = () => { store: StoreUnderTest; blobs: Blobs }

function checkContent(current: Current): void {
  const sizes = [0, 1, blockBytes - 1, blockBytes, blockBytes + 1, 3 * blockBytes + 5]
  for (const size of sizes)
    test(`${size} bytes come back as they were, by id, size and content`, async () => {
      const { blobs } = current()
      for (const content of [Buffer.alloc(size, 'letter '), randomBytes(size)]) {
        const id = sha256(content)
        assert.deepEqual(await blobs.put(content), { id, sizeBytes: size })
        assert.deepEqual(await blobs.info(id), { id, sizeBytes: size })
        assert.ok((await readAll(blobs, id))?.equals(content))
      }
    })

  test('the way a stream is cut does not matter', async () => {
    const { blobs } = current()
    const content = randomBytes(2 * blockBytes + 77)
    const cuts = fc.array(fc.integer({ min: 0, max: content.length }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const edges = [0, ...places.toSorted((a, b) => a - b), content.length]
        const chunks = edges.slice(1).map((end, index) => content.subarray(edges[index], end))
        assert.equal((await blobs.put(Readable.from(chunks))).id, sha256(content))
      }),
      { seed, numRuns: 15 },
    )
    assert.ok((await readAll(blobs, sha256(content)))?.equals(content))
  })

  test('what can be compressed takes less room', async () => {
    const { store, blobs } = current()
    const { id, sizeBytes } = await blobs.put(Buffer.alloc(3 * blockBytes, 'the same line again\n'))
    assert.ok((await store.read(id)).length < sizeBytes / 20)
  })

  test('equal content put 20 times at once is one blob, with nothing left over', async () => {
    const { store, blobs } = current()
    const kept = await store.names()
    const content = randomBytes(blockBytes + 1)
    const puts = await Promise.all(Array.from({ length: 20 }, () => blobs.put(Readable.from([content]))))
    assert.deepEqual(new Set(puts.map((info) => info.id)), new Set([sha256(content)]))
    assert.equal((await store.names()).length, kept.length + 1)
    assert.ok((await readAll(blobs, sha256(content)))?.equals(content))
  })

  test('a listing has what was put and not what was deleted', async () => {
    const { blobs } = current()
    const [stays, gone] = await Promise.all([blobs.put(randomBytes(10)), blobs.put(randomBytes(10))])
    await blobs.delete(gone.id)
    const ids = await Array.fromAsync(blobs.list())
    assert.ok(ids.includes(stays.id))
    assert.ok(!ids.includes(gone.id))
    assert.equal(new Set(ids).size, ids.length)
  })

  test('a deleted blob is gone, can be deleted again and put again', async () => {
    const { blobs } = current()
    const content = randomBytes(100)
    const { id } = await blobs.put(content)
    await blobs.delete(id)
    await blobs.delete(id)
    assert.equal(await blobs.info(id), undefined)
    assert.equal(await blobs.get(id), undefined)
    await blobs.put(content)
    assert.ok((await readAll(blobs, id))?.equals(content))
  })
}

function checkRanges(current: Current): void {
  test('ranges around the edges of blocks give exactly their bytes', async () => {
    const { blobs } = current()
    const size = 3 * blockBytes + 100
    const content = Buffer.concat([randomBytes(blockBytes), Buffer.alloc(size - blockBytes, 'compressible ')])
    const { id } = await blobs.put(content)
    const edges = [0, blockBytes, 2 * blockBytes, 3 * blockBytes, size]
      .flatMap((edge) => [edge - 1, edge, edge + 1])
      .filter((edge) => edge >= 0)
    for (const start of edges)
      for (const end of [...edges, undefined]) {
        if (end !== undefined && end < start) continue
        const part = await readAll(blobs, id, end === undefined ? { start } : { start, end })
        assert.ok(part?.equals(content.subarray(start, end)), `[${start}, ${end})`)
      }
  })

  test('a range of nothing is empty, also in an empty blob', async () => {
    const { blobs } = current()
    const { id } = await blobs.put(Buffer.from('letter'))
    const empty = await blobs.put(Buffer.alloc(0))
    assert.equal((await readAll(blobs, id, { start: 3, end: 3 }))?.length, 0)
    assert.equal((await readAll(blobs, id, { start: 100 }))?.length, 0)
    assert.equal((await readAll(blobs, empty.id, { start: 0, end: 10 }))?.length, 0)
  })

  test('senseless ranges are refused', async () => {
    const { blobs } = current()
    const { id } = await blobs.put(Buffer.from('letter'))
    const senseless = [
      { start: -1 },
      { start: 2, end: 1 },
      { start: 0.5 },
      { start: NaN },
      { start: 0, end: 1e300 },
    ]
    for (const range of senseless) await assert.rejects(blobs.get(id, range), { code: 'invalid' })
  })

  test('a reader may stop at any moment', async () => {
    const { blobs } = current()
    const content = randomBytes(4 * blockBytes)
    const { id } = await blobs.put(content)
    for (let round = 0; round < 10; round++) {
      const unread = await blobs.get(id)
      unread?.destroy()
      for await (const chunk of (await blobs.get(id)) ?? []) {
        assert.ok(content.subarray(0, chunk.length).equals(chunk))
        break
      }
    }
  })
}

function checkRefusals(current: Current): void {
  const digits = 'a'.repeat(64)
  const malformed = [
    '',
    'a',
    '../../etc/passwd',
    `../${digits}`,
    `${digits}/..`,
    digits.slice(1),
    `${digits}a`,
  ]
  for (const id of [
    ...malformed,
    digits.toUpperCase(),
    `${digits}\n`,
    `/${digits}`,
    `g${digits.slice(1)}`,
    '.',
  ])
    test(`${JSON.stringify(id)} is refused as an id`, async () => {
      const { blobs } = current()
      await assert.rejects(blobs.info(id), { code: 'invalid' })
      await assert.rejects(blobs.get(id), { code: 'invalid' })
      await assert.rejects(blobs.delete(id), { code: 'invalid' })
    })

  test('an id that nothing has gives undefined', async () => {
    const { blobs } = current()
    assert.equal(await blobs.info(digits), undefined)
    assert.equal(await blobs.get(digits), undefined)
    await blobs.delete(digits)
  })

  test('content above maxBytes is refused and nothing of it kept', async () => {
    const { store, blobs } = current()
    const content = randomBytes(blockBytes + 10)
    const kept = await store.names()
    for (const maxBytes of [0, 1, blockBytes, blockBytes + 9]) {
      const source = Readable.from([content])
      await assert.rejects(blobs.put(source, { maxBytes }), { code: 'tooLarge' })
      assert.ok(source.destroyed)
    }
    assert.deepEqual(await store.names(), kept)
    assert.equal((await blobs.put(content, { maxBytes: content.length })).sizeBytes, content.length)
  })

  test('content that fails or is aborted leaves nothing', async () => {
    const { store, blobs } = current()
    const kept = await store.names()
    const failing = Readable.from(
      (async function* () {
        yield randomBytes(blockBytes + 1)
        throw new Error('sender went away')
      })(),
    )
    await assert.rejects(blobs.put(failing), /sender went away/)
    const failed = new Readable({ read() {} })
    failed.destroy(new Error('sender was gone'))
    await assert.rejects(blobs.put(failed), /sender was gone/)

    const stalled = new Readable({ read() {} })
    stalled.push(randomBytes(blockBytes + 1))
    const put = blobs.put(stalled, { signal: AbortSignal.timeout(50) })
    await assert.rejects(put, { name: 'AbortError' })
    await assert.rejects(blobs.put(randomBytes(5), { signal: AbortSignal.abort() }), { name: 'AbortError' })
    assert.deepEqual(await store.names(), kept)
  })
}

function checkDamage(current: Current): void {
  test('any changed byte is noticed, and no wrong byte handed on', async () => {
    const { store, blobs } = current()
    const content = Buffer.concat([
      randomBytes(blockBytes / 4),
      Buffer.alloc(2 * blockBytes, 'compressible '),
    ])
    const { id } = await blobs.put(content)
    const intact = await store.read(id)
    // The frame is a small part of the bytes; a third of the places are in it.
    const anywhere = fc.oneof(
      fc.integer({ min: 0, max: intact.length - 1 }),
      fc.integer({ min: 0, max: 27 }),
      fc.integer({ min: intact.length - 72, max: intact.length - 1 }),
    )
    const change = fc.record({ place: anywhere, difference: fc.integer({ min: 1, max: 255 }) })
    await fc.assert(
      fc.asyncProperty(change, async ({ place, difference }) => {
        const damaged = Buffer.from(intact)
        damaged.writeUInt8(damaged.readUInt8(place) ^ difference, place)
        await store.overwrite(id, damaged)
        await assertCorrupt(current().blobs, id, content, `byte ${place} of ${intact.length}`)
      }),
      { seed, numRuns: 100 },
    )
    await store.overwrite(id, intact)
    assert.ok((await readAll(blobs, id))?.equals(content))
  })

  test('a truncated or longer object is noticed', async () => {
    const { store, blobs } = current()
    const content = randomBytes(blockBytes + 10)
    const { id } = await blobs.put(content)
    const intact = await store.read(id)
    for (const length of [1, 27, 28, 87, 88, 1000, blockBytes, intact.length - 61, intact.length - 1]) {
      await store.overwrite(id, intact.subarray(0, length))
      await assertCorrupt(current().blobs, id, content, `${length} bytes of ${intact.length}`)
      await assert.rejects(blobs.info(id), BlobCorrupt)
    }
    await store.overwrite(id, Buffer.concat([intact, Buffer.alloc(1)]))
    await assertCorrupt(current().blobs, id, content, 'one byte more')
  })
}

function checkMisplacement(current: Current): void {
  test('putting content again repairs a damaged copy', async () => {
    const { store, blobs } = current()
    const content = randomBytes(1000)
    const { id } = await blobs.put(content)
    await store.overwrite(id, Buffer.from('damage'))
    await assert.rejects(blobs.get(id), BlobCorrupt)
    await blobs.put(content)
    assert.ok((await readAll(blobs, id))?.equals(content))
  })

  test('content stored under the id of other content is noticed', async () => {
    const { store, blobs } = current()
    const [one, other] = [randomBytes(100), randomBytes(100)]
    const { id } = await blobs.put(one)
    await store.overwrite(id, await store.read((await blobs.put(other)).id))
    await assert.rejects(blobs.get(id), BlobCorrupt)
  })

  test('blocks that changed places are noticed', async () => {
    const { store, blobs } = current()
    const content = randomBytes(2 * blockBytes)
    const { id } = await blobs.put(content)
    const intact = await store.read(id)
    const stored = blockBytes + 16
    const [header, first, second, rest] = [
      intact.subarray(0, 28),
      intact.subarray(28, 28 + stored),
      intact.subarray(28 + stored, 28 + 2 * stored),
      intact.subarray(28 + 2 * stored),
    ]
    await store.overwrite(id, Buffer.concat([header, second, first, rest]))
    await assertCorrupt(current().blobs, id, content, 'blocks swapped')
  })
}

function checkMemory(start: () => Promise<StoreUnderTest>): void {
  test('a large blob passes both ways in bounded memory', async () => {
    await using store = await start()
    await using blobs = await store.open({ encryptionKey: randomBytes(32) })
    const megabyte = randomBytes(1024 * 1024)
    let peak = 0
    const watched = function* () {
      for (let index = 0; index < 192; index++) {
        megabyte.writeUInt32BE(index)
        peak = Math.max(peak, process.memoryUsage.rss())
        yield Buffer.from(megabyte)
      }
    }
    const atStart = process.memoryUsage.rss()
    const { id, sizeBytes } = await blobs.put(Readable.from(watched()))
    assert.equal(sizeBytes, 192 * 1024 * 1024)
    const hash = createHash('sha256')
    for await (const chunk of (await blobs.get(id)) ?? []) {
      hash.update(chunk)
      peak = Math.max(peak, process.memoryUsage.rss())
    }
    assert.equal(hash.digest('hex'), id)
    const growth = Math.round((peak - atStart) / 1024 / 1024)
    assert.ok(growth < 128, `grew by ${growth} MiB`)
  })
}

function checkKeys(start: () => Promise<StoreUnderTest>): void {
  const content = Buffer.from('a confidential letter'.repeat(20))
  const key = randomBytes(32)

  test('stored bytes tell nothing, and another key or none opens nothing', async () => {
    await using store = await start()
    await using blobs = await store.open({ encryptionKey: key })
    const { id } = await blobs.put(content)
    assert.ok(!(await store.read(id)).includes('confidential'))
    await using stranger = await store.open({ encryptionKey: randomBytes(32) })
    await assert.rejects(stranger.get(id), BlobCorrupt)
    await using keyless = await store.open()
    await assert.rejects(keyless.get(id), /encrypted and there is no key/)
    await assert.rejects(keyless.info(id), /encrypted and there is no key/)
  })

  test('what was stored before a time is removed', async () => {
    await using store = await start()
    await using blobs = await store.open()
    const ids = [(await blobs.put(content)).id, (await blobs.put(Buffer.from('another'))).id]
    assert.equal(await blobs.deleteStoredBefore(new Date(Date.now() - 60_000)), 0)
    assert.deepEqual((await Array.fromAsync(blobs.list())).toSorted(), ids.toSorted())
    assert.equal(await blobs.deleteStoredBefore(new Date(Date.now() + 60_000)), 2)
    assert.deepEqual(await Array.fromAsync(blobs.list()), [])
  })

  test('what was stored before there was a key stays readable, and is encrypted when put again', async () => {
    await using store = await start()
    await using keyless = await store.open()
    const { id } = await keyless.put(content)
    await using blobs = await store.open({ encryptionKey: key })
    assert.ok((await readAll(blobs, id))?.equals(content))
    assert.equal(await isEncrypted(store, id), false)
    await blobs.put(content)
    assert.ok((await readAll(blobs, id))?.equals(content))
    assert.equal(await isEncrypted(store, id), true)
  })
}

async function isEncrypted(store: StoreUnderTest, id: string): Promise<boolean> {
  return (await store.read(id)).readUInt8(7) === 1
}

/** Reading all gives right bytes and then fails; a range gives the right bytes or fails. */
async function assertCorrupt(blobs: Blobs, id: string, content: Buffer, what: string): Promise<void> {
  const given: Buffer[] = []
  await assert.rejects(
    async () => {
      for await (const chunk of (await blobs.get(id)) ?? []) given.push(chunk)
    },
    (error) => error instanceof BlobCorrupt && error.id === id,
    what,
  )
  const start = Buffer.concat(given)
  assert.ok(content.subarray(0, start.length).equals(start), what)
  const range = { start: blockBytes - 1, end: blockBytes + 1 }
  try {
    assert.ok((await readAll(blobs, id, range))?.equals(content.subarray(range.start, range.end)), what)
  } catch (error) {
    assert.ok(error instanceof BlobCorrupt, what)
  }
}

async function readAll(
  blobs: Blobs,
  id: string,
  range?: { start: number; end?: number },
): Promise<Buffer | undefined> {
  const content = await blobs.get(id, range)
  return content && buffer(content)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
