import { decodeEntities } from './entities.ts'
import type { Tag } from './html-tag.ts'

const maxQuoteDepth = 10

/** Lines of text as elements and text of a page come. */
export class Page {
  readonly #limit: number
  readonly #out: string[] = []
  #length = 0
  #breaks = 0 // Line breaks to write before the next text.
  #isSpaced = false
  #preformatted = 0
  #quotes = 0
  #outerQuotes = 0 // The fewest since the last text: of the empty line between.
  #hidden: { name: string; depth: number } | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  isFull(): boolean {
    return this.#length > this.#limit
  }

  lines(): string {
    return this.#out.join('')
  }

  text(source: string): void {
    if (this.#hidden) return
    const text = decodeEntities(source)
    if (this.#preformatted > 0) {
      this.#writeLines(text)
      return
    }
    const words = blanks.test(text) ? text.replaceAll(/[ \t\r\n\f]+/g, ' ') : text
    const isLed = words.startsWith(' ')
    const isTrailed = words.endsWith(' ')
    if (isLed && this.#breaks === 0) this.#isSpaced = true
    const core = isLed || isTrailed ? words.slice(isLed ? 1 : 0, isTrailed ? -1 : undefined) : words
    if (core === '') return
    this.#write(core)
    this.#isSpaced = isTrailed
  }

  tag(tag: Tag): void {
    if (this.#hides(tag)) return
    const { name, isEnd } = tag
    if (name === 'br') this.#breakLine(Math.min(2, this.#breaks + 1))
    else if (name === 'td' || name === 'th') this.#isSpaced = true
    else if (name === 'pre') this.#preformatted = Math.max(0, this.#preformatted + (isEnd ? -1 : 1))
    const breaks = blocks.get(name)
    if (breaks !== undefined) this.#breakLine(Math.max(this.#breaks, breaks))
    if (name === 'blockquote') this.#quote(tag)
    if (name === 'li' && !isEnd) {
      this.#write('-')
      this.#isSpaced = true
    }
  }

  #write(text: string): void {
    const isFirst = this.#out.length === 0
    if (isFirst || this.#breaks > 0) {
      const between = isFirst ? '' : this.#breaks > 1 ? `\n${quoteMark(this.#outerQuotes).trimEnd()}\n` : '\n'
      this.#push(between + quoteMark(this.#quotes))
      this.#outerQuotes = this.#quotes
      this.#breaks = 0
    } else if (this.#isSpaced) this.#push(' ')
    this.#isSpaced = false
    this.#push(text)
  }

  #push(text: string): void {
    this.#out.push(text)
    this.#length += text.length
  }

  #writeLines(text: string): void {
    for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
      if (index > 0) this.#breakLine(Math.min(2, this.#breaks + 1))
      if (line !== '') this.#write(line)
    }
  }

  #breakLine(breaks: number): void {
    this.#breaks = breaks
    this.#isSpaced = false
  }

  #quote(tag: Tag): void {
    if (!tag.isEnd && (tag.isQuote || this.#quotes > 0)) this.#quotes += 1
    else if (tag.isEnd && this.#quotes > 0) this.#quotes -= 1
    this.#outerQuotes = Math.min(this.#outerQuotes, this.#quotes)
  }

  /** Whether the tag is within what is hidden, or begins or ends it. */
  #hides(tag: Tag): boolean {
    const hidden = this.#hidden
    if (!hidden) {
      if (tag.isHidden && !tag.isEnd && !voidElements.has(tag.name))
        this.#hidden = { name: tag.name, depth: 1 }
      return this.#hidden !== undefined
    }
    if (tag.name === hidden.name) hidden.depth += tag.isEnd ? -1 : 1
    else if (hidden.name === 'p' && !tag.isEnd && blocks.has(tag.name)) {
      this.#hidden = undefined // HTML Living Standard §13.1.2.4: a block ends a paragraph.
      return this.#hides(tag)
    }
    if (hidden.depth <= 0) this.#hidden = undefined
    return true
  }
}

const blanks = /[\t\r\n\f]| {2}/

function quoteMark(quotes: number): string {
  return '> '.repeat(Math.min(quotes, maxQuoteDepth))
}

const oneBreak =
  'div tr li dt dd table section article header footer main nav aside address center form fieldset caption option body'
const twoBreaks = 'p h1 h2 h3 h4 h5 h6 blockquote ul ol dl pre hr figure'

/** Line breaks around an element. */
const blocks = new Map([
  ...oneBreak.split(' ').map((name) => [name, 1] as const),
  ...twoBreaks.split(' ').map((name) => [name, 2] as const),
])

const voidElements = new Set('area base br col embed hr img input link meta source track wbr'.split(' '))
