import { ProtocolError } from './decode.ts'

const lengthBytes = 4

/** Finds the frames in the chunks of a byte stream. Only a frame that spans chunks is copied. */
export class FrameSplitter {
  maxFrameBytes: number
  /** The beginning of a frame, in a buffer as long as is known to be needed. */
  #held = Buffer.alloc(0)
  #heldBytes = 0

  constructor(maxFrameBytes: number) {
    this.maxFrameBytes = maxFrameBytes
  }

  /**
   * Tells `onFrame` where each frame's content lies, until it gives false. Throws `ProtocolError` on a length above
   * the maximum, and what `onFrame` throws.
   */
  push(chunk: Buffer, onFrame: (bytes: Buffer, start: number, end: number) => boolean): void {
    let at = 0
    while (this.#heldBytes > 0) {
      const copied = chunk.copy(this.#held, this.#heldBytes, at)
      at += copied
      this.#heldBytes += copied
      if (this.#heldBytes < this.#held.length) return
      const size = this.#frameSize(this.#held, 0)
      if (size > this.#heldBytes) this.#hold(this.#held, 0, size)
      else {
        this.#heldBytes = 0
        if (!onFrame(this.#held, lengthBytes, size)) return
      }
    }
    while (at < chunk.length) {
      const size = chunk.length - at < lengthBytes ? lengthBytes : this.#frameSize(chunk, at)
      if (size > chunk.length - at) return this.#hold(chunk, at, size)
      if (!onFrame(chunk, at + lengthBytes, at + size)) return
      at += size
    }
  }

  #hold(bytes: Buffer, start: number, size: number): void {
    this.#held = Buffer.allocUnsafe(size)
    this.#heldBytes = bytes.copy(this.#held, 0, start)
  }

  #frameSize(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at)
    if (length > this.maxFrameBytes) throw new ProtocolError(`a frame of ${length} bytes`)
    return lengthBytes + length
  }
}
