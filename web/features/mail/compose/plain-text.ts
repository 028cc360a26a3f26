/** The text of a message's HTML, for those who read without. */
import { inertDocument } from '#web/app/trusted-types.ts'

const blocks = /^(P|DIV|H[1-6]|UL|OL|LI|BLOCKQUOTE|PRE|TABLE|TR|HR|SECTION|ARTICLE|HEADER|FOOTER|CENTER)$/
const silent = /^(STYLE|SCRIPT|TITLE|HEAD|TEMPLATE)$/

export function plainText(html: string): string {
  const lines = new Lines()
  walk(inertDocument(html).body, lines)
  return lines.text()
}

/** Of a message and what it quotes, with an empty line between. */
export function textWithQuote(html: string, quote: string | null): string {
  const text = plainText(html)
  return quote === null ? text : `${text}\n\n${plainText(quote)}`
}

/** Browsers let elements nest 512 deep. */
function walk(node: Node, lines: Lines): void {
  for (const child of node.childNodes) {
    if (child.nodeType === 3) lines.add(child.textContent ?? '', isPreformatted(node))
    else if (child instanceof Element) element(child, lines)
  }
}

function element(element: Element, lines: Lines): void {
  const { tagName } = element
  if (silent.test(tagName)) return
  if (tagName === 'BR') return lines.break()
  if (tagName === 'HR') return lines.rule()
  if (tagName === 'IMG') return picture(element, lines)
  if (tagName === 'A') return link(element, lines)
  if (!blocks.test(tagName)) return walk(element, lines)
  lines.end()
  if (tagName === 'BLOCKQUOTE') lines.within('> ', () => walk(element, lines))
  else if (tagName === 'LI') lines.item(bulletOf(element), () => walk(element, lines))
  else walk(element, lines)
  lines.end()
}

function picture(element: Element, lines: Lines): void {
  const name = element.getAttribute('alt')?.trim()
  if (name) lines.add(` [${name}] `, false)
}

function link(element: Element, lines: Lines): void {
  walk(element, lines)
  const address = element.getAttribute('href') ?? ''
  const text = element.textContent?.trim() ?? ''
  const isSaid = text === address || `mailto:${text}` === address || `https://${text}` === address
  if (/^(https?|mailto):/i.test(address) && !isSaid) lines.add(` <${address}>`, false)
}

function bulletOf(item: Element): string {
  const list = item.parentElement
  if (list?.tagName !== 'OL') return '- '
  return `${[...list.children].indexOf(item) + 1}. `
}

function isPreformatted(node: Node): boolean {
  return node instanceof Element && node.closest('pre') !== null
}

class Lines {
  readonly #lines: string[] = []
  #line = ''
  #prefix = ''
  #bullet = ''
  #isBegun = false

  add(text: string, isPreformatted: boolean): void {
    if (isPreformatted) {
      const [first = '', ...rest] = text.split('\n')
      this.#line += first
      for (const line of rest) {
        this.break()
        this.#line = line
      }
    } else {
      const joined = text.replaceAll(/[^\S\u00a0]+/g, ' ')
      this.#line += this.#line === '' ? joined.trimStart() : joined
    }
    if (this.#line !== '') this.#isBegun = true
  }

  break(): void {
    this.#push()
    this.#isBegun = false
  }

  /** Of a block: what a `<br>` has ended is no line of its own. */
  end(): void {
    if (this.#isBegun || this.#line !== '') this.break()
  }

  rule(): void {
    this.end()
    this.#line = '----'
    this.break()
  }

  within(mark: string, act: () => void): void {
    const before = this.#prefix
    this.#prefix += mark
    act()
    this.end()
    this.#prefix = before
  }

  item(bullet: string, act: () => void): void {
    this.#bullet = bullet
    const before = this.#prefix
    act()
    this.end()
    this.#bullet = ''
    this.#prefix = before
  }

  text(): string {
    this.end()
    return this.#lines.join('\n').replaceAll('\u00a0', ' ').trimEnd()
  }

  #push(): void {
    this.#lines.push((this.#prefix + this.#bullet + this.#line.trimEnd()).trimEnd())
    this.#bullet = ''
    this.#line = ''
  }
}
