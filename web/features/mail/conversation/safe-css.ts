/** Styles of a message, without what fetches, and without what makes the page as tall as itself. */

/** Not in the value of any declaration: addresses, what may hold one, and heights that follow the frame's. */
const unsafe = /(?:url|src|image|image-set|cross-fade|element|paint|attr|var|env|expression)\s*\(/i
const viewportUnit = /\d(?:[dsl]?v(?:h|b|min|max))\b/i
const remoteOnly = /url\(/i

/** Sheets longer than this are left out. */
const longestSheet = 500_000
const deepestRule = 5

export interface SafeCss {
  text: string
  /** It wanted pictures from elsewhere. */
  wantsImages: boolean
}

/** `takesImages`: addresses on the web stay. */
export function safeSheet(text: string, takesImages: boolean): SafeCss {
  const sheet = new CSSStyleSheet()
  if (text.length > longestSheet) return { text: '', wantsImages: false }
  try {
    sheet.replaceSync(text)
  } catch {
    return { text: '', wantsImages: false }
  }
  const found = { wantsImages: false }
  return { text: rulesText(sheet.cssRules, { takesImages, found, depth: 0 }), wantsImages: found.wantsImages }
}

interface Walk {
  takesImages: boolean
  found: { wantsImages: boolean }
  depth: number
}

function rulesText(rules: CSSRuleList, walk: Walk): string {
  if (walk.depth > deepestRule) return ''
  const inner = { ...walk, depth: walk.depth + 1 }
  const texts: string[] = []
  for (const rule of rules) {
    if (rule instanceof CSSStyleRule) {
      keepSafe(rule.style, walk)
      if (rule.style.length > 0) texts.push(`${rule.selectorText}{${rule.style.cssText}}`)
    } else if (rule instanceof CSSMediaRule)
      texts.push(`@media ${rule.conditionText}{${rulesText(rule.cssRules, inner)}}`)
    else if (rule instanceof CSSSupportsRule)
      texts.push(`@supports ${rule.conditionText}{${rulesText(rule.cssRules, inner)}}`)
  }
  return texts.join('\n')
}

/** Takes what is not safe out of the declarations. The browser has undone escapes and comments before. */
export function keepSafe(
  style: CSSStyleDeclaration,
  { takesImages, found }: Pick<Walk, 'takesImages' | 'found'>,
): void {
  for (const name of Array.from(style)) {
    const value = style.getPropertyValue(name)
    if (name.startsWith('--') || viewportUnit.test(value)) style.removeProperty(name)
    else if (unsafe.test(value) || value.includes('\\')) {
      const addresses = remoteOnly.test(value) ? addressesIn(value) : undefined
      if (addresses && addresses.length > 0) {
        found.wantsImages = true
        if (takesImages && /^background(-image)?$/.test(name)) continue
      }
      style.removeProperty(name)
    }
  }
}

/** Undefined where one is not on the web, or something else is in the value. */
function addressesIn(value: string): string[] | undefined {
  const rest = value.replaceAll(/url\("(https?:\/\/[^"\\]*)"\)/gi, '')
  if (unsafe.test(rest) || value.includes('\\')) return undefined
  return value.match(/https?:\/\/[^"\\]+/gi) ?? undefined
}
