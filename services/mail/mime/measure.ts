/** How many octets a body has when it is decoded, reckoned without decoding it. */
export interface Measure {
  /** A line or a piece of one, its line break of `eol` octets included. */
  add(bytes: Buffer, from: number, to: number, eol: number): void
  size(): number
}

export function createMeasure(encoding: string): Measure | undefined {
  if (encoding === 'base64') return measureBase64()
  return encoding === 'quoted-printable' ? measureQuotedPrintable() : undefined
}

function measureBase64(): Measure {
  let characters = 0
  return {
    add(bytes, from, to, eol) {
      let end = to - eol
      while (end > from && ((bytes[end - 1] as number) <= 32 || bytes[end - 1] === 61)) end -= 1
      characters += end - from
    },
    size: () => Math.floor((characters * 3) / 4),
  }
}

function measureQuotedPrintable(): Measure {
  let size = 0
  let lineBreak = 0 // Of the last line: the one before a boundary is not of the body.
  return {
    add(bytes, from, to, eol) {
      const end = to - eol
      let escapes = 0
      for (let at = bytes.indexOf(61, from); at >= 0 && at < end; at = bytes.indexOf(61, at + 1)) escapes += 1
      const isSoft = eol > 0 && bytes[end - 1] === 61 && end > from
      size += lineBreak + (end - from) - 2 * escapes + (isSoft ? 1 : 0)
      lineBreak = isSoft ? 0 : eol
    },
    size: () => Math.max(0, size),
  }
}
