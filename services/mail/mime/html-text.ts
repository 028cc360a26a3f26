import { readTag } from './html-tag.ts'
import { Page } from './html-page.ts'

/**
 * What a person would read of HTML, as lines of plain text: hidden elements, scripts and styles are left out, blocks
 * begin a line, quoted mail is marked with `> `. Reads each character once, whatever is nested how deep. Not for
 * making HTML safe.
 */
export function htmlToText(html: string, limit = 300_000): string {
  const page = new Page(limit)
  let at = 0
  while (at < html.length && !page.isFull()) {
    let open = html.indexOf('<', at)
    if (open < 0) open = html.length
    if (open > at) page.text(html.slice(at, open))
    if (open >= html.length) break
    at = readMark(html, open, page)
  }
  return page.lines()
}

/** What begins with `<` at an offset; gives where it ends. */
function readMark(html: string, open: number, page: Page): number {
  const next = html.charCodeAt(open + 1)
  if (next === 0x21 /* ! */ || next === 0x3f /* ? */) {
    const isComment = html.startsWith('<!--', open)
    const end = html.indexOf(isComment ? '-->' : '>', isComment ? open + 2 : open)
    return end < 0 ? html.length : end + (isComment ? 3 : 1)
  }
  const tag = readTag(html, open)
  if (!tag) {
    page.text('<')
    return open + 1
  }
  page.tag(tag)
  if (tag.isEnd || !Object.hasOwn(endOfRaw, tag.name)) return tag.end
  const close = endOfRaw[tag.name] as RegExp
  close.lastIndex = tag.end
  return close.test(html) ? close.lastIndex - tag.name.length - 2 : html.length
}

/** HTML Living Standard §13.2: up to their end tag there is text only, and none that is shown. */
const endOfRaw = Object.fromEntries(
  ['script', 'style', 'title', 'iframe', 'noembed', 'noframes', 'xmp', 'template'].map((name) => [
    name,
    new RegExp(`</${name}`, 'gi'),
  ]),
)
