export interface CharacterCounts {
  /** Of what was counted. */
  length: number
  letters: number
  capitals: number
  digits: number
  /** Exclamation marks, dollar and per cent signs. */
  marks: number
}

/** Of the first `most` characters. */
export function countCharacters(text: string, most: number): CharacterCounts {
  const length = Math.min(text.length, most)
  let letters = 0
  let capitals = 0
  let digits = 0
  let marks = 0
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code >= 97) {
      if (code <= 122 || code > 0xbf) letters++
    } else if (code >= 65) {
      if (code <= 90) {
        capitals++
        letters++
      }
    } else if (code >= 48 && code <= 57) digits++
    else if (code === 33 || code === 36 || code === 37) marks++
  }
  return { length, letters, capitals, digits, marks }
}
