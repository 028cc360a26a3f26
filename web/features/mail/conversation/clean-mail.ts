/** HTML of a message made safe: an allow list of elements and attributes, nothing that runs, nothing fetched unasked. */
import createPurify, { type Config } from 'dompurify'
import { inertDocument } from '#web/app/trusted-types.ts'
import { keepSafe, safeSheet } from './safe-css.ts'

export interface CleanOptions {
  /** Address of a part that the text shows by its Content-ID. */
  addressOfPart: (contentId: string) => string | undefined
  /** Pictures from elsewhere are fetched. */
  takesImages: boolean
  /** On what folds the quoted part. */
  quoteLabel: string
}

export interface CleanMail {
  /** Of no document that is shown: nothing in it is fetched yet. */
  body: HTMLElement
  /** There are pictures elsewhere that are not shown. */
  hidesImages: boolean
}

/** Of HTML: what is filled in, plays, or is laid over the page. */
const forbiddenTags =
  'form input button select option optgroup textarea label fieldset legend datalist output meter progress ' +
  'audio video source track picture dialog template slot marquee canvas map area menu selectedcontent'

/** What fetches, leads elsewhere, or gives an element powers over the page. */
const forbiddenAttributes =
  'srcset sizes action method ping name usemap is slot part nonce contenteditable draggable tabindex autofocus ' +
  'accesskey popover popovertarget popovertargetaction poster cite download target rel inert hidden loading ' +
  'crossorigin integrity fetchpriority autocomplete capture list for xmlns'

const config: Config = {
  USE_PROFILES: { html: true },
  FORBID_TAGS: forbiddenTags.split(' '),
  FORBID_ATTR: forbiddenAttributes.split(' '),
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|cid:|data:image\/|#)/i,
  // What it makes safe is a document already: nothing is parsed a second time, as mutation XSS would need.
  IN_PLACE: true,
  TRUSTED_TYPES_POLICY: null as never,
}

/** Elements beyond these are left out. */
const mostElements = 100_000

export function cleanMail(html: string, options: CleanOptions): CleanMail {
  const inert = inertDocument(html)
  const found = { wantsImages: false }
  const sheets = [...inert.querySelectorAll('style')].map((element) => {
    const { text, wantsImages } = safeSheet(element.textContent ?? '', options.takesImages)
    found.wantsImages ||= wantsImages
    element.remove()
    return text
  })
  createPurify(window).sanitize(inert.body, config)
  const body = inert.createElement('div')
  for (const { name, value } of inert.body.attributes)
    if (/^(?:style|bgcolor|dir|lang|class|text|background)$/.test(name)) body.setAttribute(name, value)
  body.append(...inert.body.childNodes)
  for (const [position, element] of [body, ...body.querySelectorAll<HTMLElement>('*')].entries())
    if (position > mostElements) element.remove()
    else mend(element, options, found)
  const style = inert.createElement('style')
  style.textContent = sheets.join('\n')
  body.prepend(style)
  foldQuote(body, options.quoteLabel)
  return { body, hidesImages: found.wantsImages && !options.takesImages }
}

type Found = Parameters<typeof keepSafe>[1]['found']

function mend(element: HTMLElement, { addressOfPart, takesImages }: CleanOptions, found: Found): void {
  if (element.hasAttribute('style')) {
    keepSafe(element.style, { takesImages, found })
    element.setAttribute('style', element.style.cssText)
  }
  const background = element.getAttribute('background')
  if (background !== null) {
    const isRemote = /^https?:/i.test(background)
    found.wantsImages ||= isRemote
    if (!isRemote || !takesImages) element.removeAttribute('background')
  }
  const tag = element.localName
  if (tag === 'a') mendLink(element)
  else element.removeAttribute('href')
  if (tag !== 'img') return element.removeAttribute('src')
  const source = element.getAttribute('src') ?? ''
  const address = shownAddress(source.trim(), addressOfPart)
  const isRemote = address !== undefined && /^https?:/i.test(address)
  found.wantsImages ||= isRemote
  if (address === undefined || (isRemote && !takesImages)) {
    element.removeAttribute('src')
    if (isRemote) element.classList.add('mail-hidden-image')
  } else element.setAttribute('src', address)
  element.setAttribute('referrerpolicy', 'no-referrer')
}

/** Undefined: nothing that may be shown. */
function shownAddress(source: string, addressOfPart: CleanOptions['addressOfPart']): string | undefined {
  if (/^cid:/i.test(source)) return addressOfPart(decoded(source.slice('cid:'.length)))
  if (/^https?:\/\//i.test(source)) return source
  if (/^data:image\/(?:png|jpe?g|gif|webp|avif);base64,/i.test(source)) return source
  return undefined
}

/** RFC 2392: a Content-ID is percent-encoded in its address. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function mendLink(link: HTMLElement): void {
  const address = link.getAttribute('href')?.trim() ?? ''
  if (address.startsWith('#')) return
  if (!/^(?:https?:\/\/|mailto:|tel:)/i.test(address)) return link.removeAttribute('href')
  link.setAttribute('target', '_blank')
  link.setAttribute('rel', 'noopener noreferrer nofollow')
  // What it says may lie about where it leads.
  if (!link.hasAttribute('title') || /^https?:/i.test(address))
    link.setAttribute('title', address.slice(0, 500))
}

/** What mail programs put around the message that is answered. */
const quotes = [
  '.gmail_quote',
  'blockquote[type="cite"]',
  '#divRplyFwdMsg',
  '#appendonsend',
  '.yahoo_quoted',
  '.moz-cite-prefix',
  '.protonmail_quote',
  '.dakghar-quote',
].join(', ')

/** The first quote and all behind it, unless there is nothing before it. */
function foldQuote(body: HTMLElement, label: string): void {
  const quote = body.querySelector<HTMLElement>(quotes)
  if (!quote || !hasTextBefore(body, quote)) return
  const inert = body.ownerDocument
  const fold = inert.createElement('details')
  fold.className = 'mail-fold'
  const summary = inert.createElement('summary')
  summary.textContent = '•••'
  summary.setAttribute('aria-label', label)
  summary.setAttribute('title', label)
  quote.before(fold)
  const rest: ChildNode[] = []
  for (let node: ChildNode | null = quote; node; node = node.nextSibling) rest.push(node)
  fold.append(summary, ...rest)
}

function hasTextBefore(body: HTMLElement, quote: HTMLElement): boolean {
  const range = body.ownerDocument.createRange()
  range.setStart(body, 0)
  range.setEndBefore(quote)
  const before = range.cloneContents()
  for (const style of before.querySelectorAll('style')) style.remove()
  return (before.textContent ?? '').trim() !== '' || before.querySelector('img') !== null
}
