/**
 * Words as numbers: lower case, punctuation left out, digits alike. So text that others have cut into words already
 * gives the same numbers as a message.
 */

export interface WordStream {
  hashes: Int32Array
  /** Offsets in the text. */
  starts: Int32Array
  ends: Int32Array
  count: number
}

const offsetBasis = 0x811c9dc5
const prime = 0x01000193
const longestWord = 24

/** The first words of a text; a word's first 24 characters count. */
export function readWords(text: string, limit: number): WordStream {
  const hashes = new Int32Array(limit)
  const starts = new Int32Array(limit)
  const ends = new Int32Array(limit)
  let count = 0
  let hash = offsetBasis
  let length = 0
  let start = 0
  for (let at = 0; at <= text.length && count < limit; at++) {
    const code = at < text.length ? wordCode(text.charCodeAt(at)) : 0
    if (code !== 0) {
      if (length === 0) start = at
      if (length++ < longestWord) hash = Math.imul(hash ^ code, prime)
    } else if (length > 0) {
      hashes[count] = hash
      starts[count] = start
      ends[count++] = at
      hash = offsetBasis
      length = 0
    }
  }
  return { hashes, starts, ends, count }
}

/** The number of a phrase's words, as `readWords` gives them. */
export function hashWords(phrase: string): number[] {
  const { hashes, count } = readWords(phrase, 16)
  return [...hashes.subarray(0, count)]
}

const zero = 48
const ascii = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 97 && code <= 122) return code
  if (code >= 65 && code <= 90) return code + 32
  return code >= 48 && code <= 57 ? zero : 0
})

/** 0 ends a word. Beyond ASCII everything counts but the spaces, marks and symbols most often met. */
function wordCode(code: number): number {
  if (code < 128) return ascii[code]!
  if (code < 0xc0) return 0
  if (code >= 0x2000 && code <= 0x2bff) return 0
  if (code === 0x0964 || code === 0x0965 || code === 0x3000 || code === 0xfeff) return 0
  if (code >= 0x09e6 && code <= 0x09ef) return zero
  return code <= 0xde ? code + 32 : code
}
