/** HTML of messages: of what is written here, and of what is quoted. */
import DOMPurify from 'dompurify'
import { inertDocument } from '#web/app/trusted-types.ts'

/** Other mail programs fold what has the second class. */
const quoteClass = 'mail-quote gmail_quote'
const quoteSelector = '.mail-quote'

export interface WrittenHtml {
  /** For the editor. */
  body: HTMLElement
  /** What is quoted below, as HTML that is safe to show in a frame. */
  quote: string | null
}

/** Takes a draft apart. Another mail program may have saved it: nothing of it is trusted. */
export function takeApart(html: string | null, text: string): WrittenHtml {
  if (html === null) return { body: paragraphsOf(text), quote: null }
  const { body } = inertDocument(html)
  const last = body.lastElementChild
  if (!last?.matches(quoteSelector)) return { body, quote: null }
  last.remove()
  return { body, quote: wrapped(safe(last.innerHTML)).outerHTML }
}

/** Of a message: without what could run, be sent, lie over other text or name other people’s style. */
export function safe(html: string): HTMLElement {
  const { body } = inertDocument(html)
  DOMPurify.sanitize(body, {
    IN_PLACE: true,
    // It parses nothing, so it needs no policy.
    TRUSTED_TYPES_POLICY: null as never,
    USE_PROFILES: { html: true },
    FORBID_TAGS: [
      'style',
      'form',
      'input',
      'button',
      'select',
      'textarea',
      'video',
      'audio',
      'dialog',
      'map',
    ],
    FORBID_ATTR: ['id', 'name', 'srcset', 'background', 'ping', 'action', 'autofocus'],
    ALLOW_DATA_ATTR: false,
  })
  for (const element of body.querySelectorAll<HTMLElement>('[style]')) {
    const { style } = element
    for (const name of Array.from(style))
      if (name === 'position' || /url\s*\(/i.test(style.getPropertyValue(name))) style.removeProperty(name)
  }
  return body
}

/** The block below an answer. `lines` stand above the quoted message. */
export function quoted(lines: readonly string[], content: HTMLElement, isIndented: boolean): string {
  const block = wrapped()
  const document = block.ownerDocument
  const head = document.createElement('p')
  head.style.margin = '1em 0 0.5em'
  appendLines(head, lines)
  const inside = document.createElement(isIndented ? 'blockquote' : 'div')
  if (isIndented) {
    inside.setAttribute('type', 'cite')
    inside.style.cssText = 'margin:0 0 0 0.8ex;border-left:2px solid #ccc;padding-left:1ex'
  }
  inside.append(...content.childNodes)
  block.append(head, inside)
  return block.outerHTML
}

/** Without what would be fetched, for a frame. */
export function withoutPictures(html: string): string {
  const { body } = inertDocument(html)
  for (const image of body.querySelectorAll('img')) image.replaceWith(image.alt)
  return body.innerHTML
}

/** A body of plain text: a paragraph for each line. */
export function paragraphsOf(text: string): HTMLElement {
  const { body } = inertDocument('')
  for (const line of text === '' ? [] : text.split(/\r\n|[\r\n]/)) {
    const paragraph = body.ownerDocument.createElement('p')
    paragraph.style.margin = '0'
    if (line === '') paragraph.append(body.ownerDocument.createElement('br'))
    else paragraph.textContent = line
    body.append(paragraph)
  }
  return body
}

/** Content-IDs that pictures of it show. */
export function shownIds(html: string | null): Set<string> {
  if (html === null || !html.includes('cid:')) return new Set()
  const images = inertDocument(html).querySelectorAll('img[src^="cid:"]')
  return new Set(Array.from(images, (image) => image.getAttribute('src')!.slice('cid:'.length)))
}

function appendLines(parent: HTMLElement, lines: readonly string[]): void {
  for (const [index, line] of lines.entries()) {
    if (index > 0) parent.append(parent.ownerDocument.createElement('br'))
    parent.append(line)
  }
}

function wrapped(content?: HTMLElement): HTMLElement {
  const document = content?.ownerDocument ?? inertDocument('')
  const block = document.createElement('div')
  block.className = quoteClass
  if (content) block.append(...content.childNodes)
  return block
}
