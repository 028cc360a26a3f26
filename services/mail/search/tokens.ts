/** Takes a text apart into words, for messages as for what is searched. */

/** `at`: the place of the word, counted from that of the text's first. */
export type WordTaker = (word: string, at: number) => void

/** Characters of a word that count. */
const longestWord = 60
/** RFC 5321 §4.5.3.1.3: a path without its angle brackets. */
const longestAddress = 254

/**
 * Words are runs of letters, marks and digits after NFKC, in lower case; ideographs and kana stand alone. An e-mail
 * address is a word as a whole too, at the place of its first part. `isAddress`: so are all words joined by `.-_+@`, and of
 * an address its local part, its domain and the domains above. Gives the place behind the last word.
 */
export function readWords(raw: string, isAddress: boolean, first: number, take: WordTaker): number {
  const text = plain(raw)
  const { length } = text
  let place = first
  let at = 0
  while (at < length) {
    const kind = kindAt(text, at)
    if (kind === other) {
      at += widthAt(text, at)
      continue
    }
    const start = at
    const firstPlace = place
    for (;;) {
      const wordStart = at
      at = wordEnd(text, at)
      take(cut(text, wordStart, at), place)
      place += 1
      if (!isJoiner(text.charCodeAt(at)) || at + 1 >= length || kindAt(text, at + 1) !== letter) break
      at += 1
    }
    if (place - firstPlace > 1 && at - start <= longestAddress)
      takeWholes(text.slice(start, at), isAddress, (whole) => take(whole, firstPlace))
  }
  return place
}

/** What to look for, given what somebody typed: a word, or several that stand one behind another. */
export function searchedWords(raw: string, isAddress: boolean): string[] {
  const words: string[] = []
  let last = -1
  let whole: string | undefined
  readWords(raw, isAddress, 0, (word, at) => {
    // Wholes come behind the words they are made of, the longest first.
    if (at > last) {
      words.push(word)
      last = at
    } else whole ??= word
  })
  return whole !== undefined && isOneChain(plain(raw)) ? [whole] : words
}

/** Its words are all joined, so that the whole is all of it. */
function isOneChain(text: string): boolean {
  const chain = /^[^\p{L}\p{M}\p{N}]*[\p{L}\p{M}\p{N}]+(?:[.@_+-][\p{L}\p{M}\p{N}]+)*[^\p{L}\p{M}\p{N}]*$/u
  return chain.test(text) && !standsAlone.test(text)
}

function takeWholes(chain: string, isAddress: boolean, take: (whole: string) => void): void {
  const at = chain.indexOf('@')
  const domain = at < 0 ? chain : chain.slice(at + 1)
  if (at >= 0 && chain.includes('@', at + 1)) return
  if (at < 0 && !isAddress) return
  take(cut(chain, 0, chain.length))
  if (!isAddress) return
  if (at >= 0) {
    const local = chain.slice(0, at)
    const tag = local.indexOf('+')
    if (/[._+-]/.test(local)) take(cut(local, 0, local.length))
    if (tag > 0) take(cut(chain, 0, tag, chain.slice(at)))
    if (domain.includes('.')) take(cut(domain, 0, domain.length))
  }
  const labels = domain.split('.')
  for (let index = 1; index < labels.length - 1 && index <= 5; index++) {
    const parent = labels.slice(index).join('.')
    take(cut(parent, 0, parent.length))
  }
}

function cut(text: string, start: number, end: number, tail = ''): string {
  const word = text.slice(start, end) + tail
  if (word.length <= longestWord) return word
  const last = word.charCodeAt(longestWord - 1)
  return word.slice(0, last >= 0xd800 && last < 0xdc00 ? longestWord - 1 : longestWord)
}

const ascii = /^[\0-\x7f]*$/

/** Joiners, soft hyphens and marks of direction stand inside words and say nothing. */
function plain(text: string): string {
  if (ascii.test(text)) return text.toLowerCase()
  return text
    .toWellFormed()
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/\p{Cf}/gu, '')
}

const other = 1
const letter = 2
const ideograph = 3

/** Kinds of the characters below U+10000, found out when first met. */
const kinds = new Uint8Array(0x1_0000)

function kindAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  const known = kinds[code]!
  if (known !== 0) return known
  if (code >= 0xd800 && code < 0xe000) return kindOf(String.fromCodePoint(text.codePointAt(at)!))
  return (kinds[code] = kindOf(String.fromCharCode(code)))
}

const standsAlone = /(?=[\p{L}\p{N}])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u

function kindOf(character: string): number {
  if (standsAlone.test(character)) return ideograph
  return /[\p{L}\p{M}\p{N}]/u.test(character) ? letter : other
}

function widthAt(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code >= 0xd800 && code < 0xdc00 && at + 1 < text.length ? 2 : 1
}

function wordEnd(text: string, start: number): number {
  let at = start + widthAt(text, start)
  if (kindAt(text, start) === ideograph) return at
  while (at < text.length && kindAt(text, at) === letter) at += widthAt(text, at)
  return at
}

function isJoiner(code: number): boolean {
  return code === 0x2e || code === 0x40 || code === 0x2d || code === 0x5f || code === 0x2b
}
