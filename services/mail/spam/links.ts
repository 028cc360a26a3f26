/** Links and tags of a message, read in one pass each, at most so much of it. */

export interface Link {
  /** As written. */
  url: string
  /** Lower case; empty where there is none. */
  host: string
  /** What the person sees in its place; empty in plain text. */
  shown: string
}

export interface Html {
  links: Link[]
  /** How often each tag opens, names in lower case. */
  tags: Map<string, number>
  images: string[]
  /** Characters of elements whose style hides them. */
  hasHiddenText: boolean
  hasPasswordField: boolean
}

const longestHtml = 65_536
const mostLinks = 100
const longestTag = 2000

export function readHtml(html: string): Html {
  const text = html.length > longestHtml ? html.slice(0, longestHtml) : html
  const result: Html = {
    links: [],
    tags: new Map(),
    images: [],
    hasHiddenText: false,
    hasPasswordField: false,
  }
  let anchor: Link | undefined
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('<', at)
    if (open < 0) break
    if (anchor !== undefined && anchor.shown.length < 200)
      anchor.shown += text.slice(at, Math.min(open, at + 200))
    const name = tagName(text, open + 1)
    if (name === '') {
      at = open + 1
      continue
    }
    const close = text.indexOf('>', open)
    const end = close < 0 ? text.length : close
    const tag = text.slice(open, Math.min(end, open + longestTag))
    at = end + 1
    if (name === '/a') anchor = undefined
    if (name.startsWith('/')) continue
    result.tags.set(name, (result.tags.get(name) ?? 0) + 1)
    if (name === 'a') {
      anchor = linkOf(attribute(tag, 'href'))
      if (anchor !== undefined && result.links.length < mostLinks) result.links.push(anchor)
    } else readTag(result, name, tag)
  }
  return result
}

/** Links that stand in plain text. */
export function readTextLinks(text: string): Link[] {
  const links: Link[] = []
  let at = 0
  while (links.length < mostLinks) {
    const colon = text.indexOf('://', at)
    if (colon < 0 || colon > longestHtml) break
    at = colon + 3
    const start = text.startsWith('https', colon - 5) ? colon - 5 : colon - 4
    if (start < 0 || text.slice(start, start + 4).toLowerCase() !== 'http') continue
    let end = at
    while (end < text.length && end - start < longestTag && !isUrlEnd(text.charCodeAt(end))) end++
    const link = linkOf(text.slice(start, end))
    if (link !== undefined) links.push(link)
    at = end
  }
  return links
}

/** `www.example.co.uk` → `example.co.uk`: near enough for comparing who two names belong to. */
export function organisationOf(host: string): string {
  const labels = host.split('.')
  if (labels.length <= 2) return host
  const second = labels.at(-2)!
  const isCountry = labels.at(-1)!.length === 2
  const takesThree = isCountry && (second.length <= 3 || secondLevels.has(second))
  return labels.slice(takesThree ? -3 : -2).join('.')
}

const secondLevels = new Set(['info', 'govt', 'school', 'gouv'])

function linkOf(url: string | undefined): Link | undefined {
  if (url === undefined || !/^https?:/i.test(url)) return undefined
  const afterScheme = url.slice(url.indexOf(':') + 1).replace(/^[/\\]{0,8}/, '')
  const authority = /^[^/?#\\]{0,300}/.exec(afterScheme)![0]
  const host = authority.slice(authority.lastIndexOf('@') + 1).replace(/:\d{0,6}$/, '')
  return { url, host: host.toLowerCase().replace(/\.$/, ''), shown: '' }
}

function readTag(result: Html, name: string, tag: string): void {
  if (name === 'img') {
    const source = attribute(tag, 'src')
    if (source !== undefined && result.images.length < mostLinks) result.images.push(source)
  }
  if (name === 'input' && attribute(tag, 'type')?.toLowerCase() === 'password') result.hasPasswordField = true
  if (!result.hasHiddenText && isHiding(tag)) result.hasHiddenText = true
}

/** Text made too small or transparent to be seen; `display:none` alone is how honest previews are written. */
function isHiding(tag: string): boolean {
  return /font-size:\s{0,3}0(?:px|pt|em|%)?\s{0,3}[;"']/i.test(tag) && !/display:\s{0,3}none/i.test(tag)
}

function attribute(tag: string, name: string): string | undefined {
  const at = tag.toLowerCase().indexOf(`${name}=`)
  if (at < 0) return undefined
  const from = at + name.length + 1
  const quote = tag[from]
  if (quote === '"' || quote === "'") {
    const end = tag.indexOf(quote, from + 1)
    return tag.slice(from + 1, end < 0 ? undefined : end).trim()
  }
  return /^[^\s>]*/.exec(tag.slice(from))![0]
}

/** With a leading slash where it closes; empty where no tag begins. */
function tagName(text: string, from: number): string {
  let end = text.charCodeAt(from) === 47 ? from + 1 : from
  while (end < text.length && end - from < 16 && isLetter(text.charCodeAt(end))) end++
  return text.slice(from, end).toLowerCase()
}

function isLetter(code: number): boolean {
  const lower = code | 32
  return (lower >= 97 && lower <= 122) || (code >= 48 && code <= 57)
}

function isUrlEnd(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 60 || code === 62 || code === 41 || code === 93
}
