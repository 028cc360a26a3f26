/** Sets of hashed features: 4-grams of characters, words, and named facts, each a place among the model's weights. */

export const places = 65_536

/** Collects places, each once. One set is in use at a time: extracting is synchronous. */
export interface PlaceSet {
  clear(): void
  add(place: number): void
  count(): number
  /** In the order they came. */
  take(): Uint16Array
}

export function createPlaceSet(): PlaceSet {
  const seen = new Uint32Array(places)
  const list = new Uint16Array(places)
  let generation = 0
  let count = 0
  return {
    clear() {
      generation++
      count = 0
    },
    add(place) {
      if (seen[place] === generation) return
      seen[place] = generation
      list[count++] = place
    },
    count: () => count,
    take: () => list.slice(0, count),
  }
}

/** The 4-grams of a text's first `budget` characters; runs of white space count as one space. */
export function addGrams(set: PlaceSet, text: string, budget: number, seed: number): void {
  const end = Math.min(text.length, budget)
  let window = 0
  let length = 0
  let isInSpace = false
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code <= 32 || code === 0xa0) {
      if (isInSpace) continue
      isInSpace = true
      window = (window << 8) | 32
    } else {
      isInSpace = false
      window = (window << 8) | (code < 128 ? code : 128 | ((code ^ (code >>> 7)) & 127))
    }
    if (++length >= 4) set.add(placeOf(window, seed))
  }
}

/** A word or two, or a number that stands for a name. */
export function placeOf(hash: number, seed: number): number {
  let mixed = Math.imul(hash ^ seed, 0x9e3779b1)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) >>> 16
}

/** FNV-1a of the characters, letters in lower case. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at)
    hash = Math.imul(hash ^ (code >= 65 && code <= 90 ? code | 32 : code), 0x01000193)
  }
  return hash
}
