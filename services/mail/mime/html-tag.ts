export interface Tag {
  /** Lower case. */
  name: string
  isEnd: boolean
  /** Its attributes say that it is not shown. */
  isHidden: boolean
  /** It holds mail that is quoted. */
  isQuote: boolean
  /** Where it ends. */
  end: number
}

/** The tag that begins at an offset; undefined where none does. An attribute that never ends takes in the rest. */
export function readTag(html: string, open: number): Tag | undefined {
  const isEnd = html.charCodeAt(open + 1) === slash
  const nameStart = open + (isEnd ? 2 : 1)
  if (!isLetter(html.charCodeAt(nameStart))) return undefined
  let at = nameStart + 1
  while (at < html.length && !endsName(html.charCodeAt(at))) at += 1
  const name = html.slice(nameStart, Math.min(at, nameStart + 40)).toLowerCase()
  const attributesStart = at
  at = endOfAttributes(html, at)
  const attributes = isEnd ? '' : html.slice(attributesStart, Math.min(at, attributesStart + maxAttributes))
  return {
    name,
    isEnd,
    isHidden: attributes !== '' && hidesText(attributes),
    isQuote: name === 'blockquote' && /type\s*=\s*["']?cite|gmail_quote/i.test(attributes),
    end: Math.min(html.length, at + 1),
  }
}

/** Further attributes of one tag are not looked at. */
const maxAttributes = 4_000

function endOfAttributes(html: string, from: number): number {
  let isValue = false
  for (let at = from; at < html.length; at += 1) {
    const code = html.charCodeAt(at)
    if (code === 0x3e /* > */) return at
    if (code === 0x3d /* = */) isValue = true
    else if (isValue && (code === 0x22 || code === 0x27)) {
      const end = html.indexOf(code === 0x22 ? '"' : "'", at + 1)
      if (end < 0) return html.length
      at = end
      isValue = false
    } else if (code > 0x20) isValue = false
  }
  return html.length
}

function hidesText(attributes: string): boolean {
  if (/(?:^|\s)hidden(?:$|[\s=/>])/i.test(attributes)) return true
  const at = attributes.search(/style\s?=/i)
  return at >= 0 && hiding.test(attributes.slice(at))
}

const hiding =
  /display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|font-size\s{0,9}:\s{0,9}0(?![.\d]*[1-9])|opacity\s{0,9}:\s{0,9}0(?![.\d]*[1-9])|max-height\s{0,9}:\s{0,9}0(?![.\d]*[1-9])/i

const slash = 0x2f

function isLetter(code: number): boolean {
  const lower = code | 0x20
  return lower >= 0x61 && lower <= 0x7a
}

function endsName(code: number): boolean {
  return code <= 0x20 || code === 0x3e || code === slash
}
