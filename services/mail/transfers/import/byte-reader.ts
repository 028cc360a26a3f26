/** Takes a stream of bytes piece by piece. */
export interface ByteReader extends AsyncDisposable {
  /** Of all that was taken. */
  position(): number
  /** Fewer where the stream ends before. */
  take(length: number): Promise<Buffer>
  /** What is not read of it is skipped by the next call. */
  stream(length: number): AsyncGenerator<Buffer>
  skip(length: number): Promise<void>
}

export function byteReader(source: AsyncIterable<Buffer>): ByteReader {
  const chunks = source[Symbol.asyncIterator]()
  let held: Buffer = Buffer.alloc(0)
  let position = 0
  /** Of the stream that was given last. */
  let unread = 0

  async function piece(most: number): Promise<Buffer | undefined> {
    while (held.length === 0) {
      const { done, value } = await chunks.next()
      if (done) return undefined
      held = value
    }
    const taken = held.subarray(0, most)
    held = held.subarray(taken.length)
    position += taken.length
    return taken
  }

  async function settle(): Promise<void> {
    while (unread > 0) {
      const taken = await piece(unread)
      unread = taken ? unread - taken.length : 0
    }
  }

  return {
    position: () => position,
    async take(length) {
      await settle()
      const taken: Buffer[] = []
      for (let left = length; left > 0;) {
        const next = await piece(left)
        if (!next) break
        taken.push(next)
        left -= next.length
      }
      return taken.length === 1 ? taken[0]! : Buffer.concat(taken)
    },
    async *stream(length) {
      await settle()
      unread = length
      while (unread > 0) {
        const next = await piece(unread)
        if (!next) return
        unread -= next.length
        yield next
      }
    },
    async skip(length) {
      await settle()
      unread = length
      await settle()
    },
    async [Symbol.asyncDispose]() {
      await chunks.return?.()
    },
  }
}
