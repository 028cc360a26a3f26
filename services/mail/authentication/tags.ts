/**
 * RFC 6376 §3.2: `name=value` between semicolons, the white space around a value taken away. Undefined where it has not
 * that shape or a name stands twice.
 */
export function parseTags(text: string): Map<string, string> | undefined {
  const tags = new Map<string, string>()
  const parts = text.split(';')
  for (const [index, part] of parts.entries()) {
    if (part.trim() === '') {
      if (index === parts.length - 1) break // one semicolon may close the list
      return undefined
    }
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(0, equals)).trim()
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name) || tags.has(name)) return undefined
    tags.set(name, part.slice(equals + 1).trim())
  }
  return tags
}

/** Values that may be folded anywhere: base64, lists of names. */
export function withoutWhiteSpace(value: string): string {
  return value.replace(/\s+/g, '')
}
