/** Keeps stretches of a stream up to limits; copies only what would be overwritten. */
export interface Kept {
  /** False where the limit was met and some of it is not kept. */
  add(bytes: Buffer, from: number, to: number): boolean
  /** All of it in one piece. */
  take(): Buffer
}

type Kind = 'plain' | 'html' | 'preamble'

interface Stretch {
  bytes: Buffer
  from: number
  to: number
}

export function createKeeper() {
  let fresh: Stretch[] = []
  const sizes: Record<Kind, number> = { plain: 0, html: 0, preamble: 0 }

  const open = (limit: number, kind?: Kind): Kept => {
    const stretches: Stretch[] = []
    let room = limit
    let last: Stretch | undefined
    return {
      add(bytes, from, to) {
        const size = Math.min(room, to - from)
        room -= size
        if (kind) sizes[kind] += size
        if (last && last.bytes === bytes && last.to === from) last.to += size
        else if (size > 0) {
          last = { bytes, from, to: from + size }
          stretches.push(last)
          fresh.push(last)
        }
        return size === to - from
      },
      take() {
        const pieces = stretches.map(({ bytes, from, to }) => bytes.subarray(from, to))
        return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces)
      },
    }
  }

  return {
    open,
    size: (kind: Kind) => sizes[kind],
    /** The chunk will be overwritten: what is kept of it is copied. */
    settle(): void {
      for (const stretch of fresh) {
        stretch.bytes = Buffer.from(stretch.bytes.subarray(stretch.from, stretch.to))
        stretch.to -= stretch.from
        stretch.from = 0
      }
      fresh = []
    },
  }
}
