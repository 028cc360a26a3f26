import type { MailAddress } from './message.ts'
import { withoutComments } from './parameters.ts'
import { decodeWords } from './words.ts'

const maxRouteLength = 2_000

/** Reads one mailbox at a time, up to the comma, semicolon or colon behind it. Never goes back. */
export class AddressReader {
  at = 0
  readonly #text: string
  #words: string[] = [] // The phrase or the local part, a word or a special each.
  #wasSpaced = false
  #angle: string | undefined
  #comment = ''

  constructor(text: string) {
    this.#text = text
  }

  mailbox(): MailAddress | undefined {
    this.#words = []
    this.#wasSpaced = false
    this.#angle = undefined
    this.#comment = ''
    while (this.at < this.#text.length) {
      const character = this.#text[this.at] as string
      if (character === ',' || character === ';') {
        this.at += 1
        return this.#made()
      }
      if (character === ':' && this.#angle === undefined) {
        this.at += 1
        const name = this.#phrase()
        return name === '' ? undefined : { name, address: '' }
      }
      this.#token(character)
    }
    return this.#made()
  }

  /** What stands behind the angle brackets is passed over, but for a comment. */
  #token(character: string): void {
    if (character === '"') this.#push(this.#quoted())
    else if (character === '(') this.#comment = this.#readComment()
    else if (character === '<') this.#readAngle()
    else if (isBlank(character)) {
      this.at += 1
      this.#wasSpaced = true
    } else if (character === '@' || character === '.') {
      this.at += 1
      this.#words.push(character)
      this.#wasSpaced = false
    } else this.#push(this.#atom())
  }

  #push(word: string): void {
    if (this.#angle !== undefined) return
    if (this.#wasSpaced && this.#words.length > 0 && this.#words.at(-1) !== '@') this.#words.push(' ')
    this.#wasSpaced = false
    this.#words.push(word)
  }

  #atom(): string {
    const start = this.at
    this.at += 1 // Whatever it is, it is read.
    while (this.at < this.#text.length && !isSpecial(this.#text.charCodeAt(this.at))) this.at += 1
    return this.#text.slice(start, this.at)
  }

  /** With its quotes, for a local part may need them. */
  #quoted(): string {
    const start = this.at
    let at = start + 1
    while (at < this.#text.length && this.#text[at] !== '"') at += this.#text[at] === '\\' ? 2 : 1
    this.at = Math.min(at + 1, this.#text.length)
    return this.#text.slice(start, this.at)
  }

  #readComment(): string {
    const start = this.at + 1
    let depth = 0
    let at = this.at
    for (; at < this.#text.length; at += 1) {
      const character = this.#text[at]
      if (character === '\\') at += 1
      else if (character === '(') depth += 1
      else if (character === ')' && --depth === 0) break
    }
    this.at = Math.min(at + 1, this.#text.length)
    return this.#text.slice(start, Math.min(at, this.#text.length))
  }

  /** `<@route:local@domain>`; without its end it goes to the next comma. */
  #readAngle(): void {
    const start = this.at + 1
    let at = start
    while (at < this.#text.length && this.#text[at] !== '>' && this.#text[at] !== ',') {
      if (this.#text[at] === '"') {
        this.at = at
        this.#quoted()
        at = this.at
      } else at += 1
    }
    let from = start
    if (this.#text[start] === '@') {
      // RFC 5322 §4.4: obs-route, its domains parted by commas.
      const near = this.#text.slice(start, start + maxRouteLength)
      const colon = near.indexOf(':')
      const end = near.indexOf('>')
      if (colon > 0 && colon < end) {
        from = start + colon + 1
        at = start + end
      }
    }
    this.#angle ??= this.#text.slice(from, at)
    this.at = this.#text[at] === '>' ? at + 1 : at
    this.#wasSpaced = true
  }

  #made(): MailAddress | undefined {
    if (this.#angle !== undefined) {
      const name = this.#phrase()
      const address = cleanAddress(this.#angle)
      return name === '' && address === ''
        ? undefined
        : { name: name || plainComment(this.#comment), address }
    }
    return this.#bare()
  }

  /** An address without angle brackets: the word with the `@` in it; what else stands there is its name. */
  #bare(): MailAddress | undefined {
    const at = this.#words.indexOf('@')
    if (at < 0) {
      const name = this.#phrase()
      return name === '' ? undefined : { name, address: '' }
    }
    const start = this.#words.lastIndexOf(' ', at) + 1
    let end = at
    while (end < this.#words.length && (this.#words[end] !== ' ' || this.#words[end - 1] === '.')) end += 1
    const address = cleanAddress(this.#words.slice(start, end).join(''))
    if (address === '') return { name: this.#phrase(), address }
    const name = phraseOf([...this.#words.slice(0, start), ...this.#words.slice(end)])
    return { name: name || plainComment(this.#comment), address }
  }

  #phrase(): string {
    return phraseOf(this.#words)
  }
}

function phraseOf(words: string[]): string {
  const plain = words.map((word) => (word.startsWith('"') ? unquote(word) : word))
  return squeeze(decodeWords(plain.join('')))
}

/** `local@domain` without spaces; empty where it has no such shape. */
function cleanAddress(text: string): string {
  const address = text.includes('"') ? text.trim() : withoutSpaces(withoutComments(text))
  const at = address.lastIndexOf('@')
  if (at <= 0 || at === address.length - 1) return ''
  const domain = withoutSpaces(address.slice(at + 1)).toLowerCase()
  const local = address.slice(0, at).trim()
  if (domain === '' || local === '' || local.length + domain.length > 1_000) return ''
  return `${local}@${domain}`
}

function withoutSpaces(text: string): string {
  return /\s/.test(text) ? text.replaceAll(/\s/g, '') : text
}

function plainComment(comment: string): string {
  return comment === '' ? '' : squeeze(decodeWords(comment.replaceAll(/\\(.)/g, '$1')))
}

function unquote(word: string): string {
  const inner = word.length > 1 && word.endsWith('"') ? word.slice(1, -1) : word.slice(1)
  return inner.includes('\\') ? inner.replaceAll(/\\(.)/g, '$1') : inner
}

function squeeze(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\s\u0000-\u001f\u007f]+/g, ' ').trim()
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}

const specials = new Set([...' \t\r\n",;:<>()@.'].map((character) => character.charCodeAt(0)))

function isSpecial(code: number): boolean {
  return specials.has(code)
}
