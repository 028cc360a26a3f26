/** What a filter takes, between the words of a search and fields that anybody can fill in. */

export interface FilterFields {
  from: string
  to: string
  subject: string
  words: string
  hasAttachment: boolean
}

export const noFields: FilterFields = { from: '', to: '', subject: '', words: '', hasAttachment: false }

const named = ['from', 'to', 'subject'] as const

/** `from:(a b) subject:"x y" has:attachment words` */
export function queryOfFields({ words, hasAttachment, ...fields }: FilterFields): string {
  const parts = named.flatMap((name) => {
    const value = fields[name].trim()
    return value === '' ? [] : [`${name}:${grouped(value)}`]
  })
  if (hasAttachment) parts.push('has:attachment')
  if (words.trim() !== '') parts.push(words.trim())
  return parts.join(' ')
}

/** Undefined where the search says more than the fields can. */
export function fieldsOfQuery(query: string): FilterFields | undefined {
  const fields = { ...noFields }
  const words: string[] = []
  for (const part of partsOf(query)) {
    const [, name, value = ''] = /^(\w+):(.*)$/s.exec(part) ?? []
    if (name === undefined) {
      if (/[()]|^-|^OR$/.test(part)) return undefined
      words.push(part)
    } else if (part === 'has:attachment') fields.hasAttachment = true
    else if (isNamed(name) && fields[name] === '') fields[name] = ungrouped(value)
    else return undefined
  }
  return { ...fields, words: words.join(' ') }
}

function isNamed(name: string): name is (typeof named)[number] {
  return named.some((one) => one === name)
}

function grouped(value: string): string {
  if (!/\s/.test(value) || /^"[^"]*"$/.test(value)) return value
  return `(${value})`
}

function ungrouped(value: string): string {
  return /^\([^()]*\)$/.test(value) ? value.slice(1, -1) : value
}

/** At spaces outside of quotes and brackets. */
function partsOf(query: string): string[] {
  const parts: string[] = []
  let start = 0
  let depth = 0
  let isQuoted = false
  for (let index = 0; index <= query.length; index += 1) {
    const char = query[index]
    if (char === '"') isQuoted = !isQuoted
    else if (!isQuoted && char === '(') depth += 1
    else if (!isQuoted && char === ')') depth -= 1
    if (char === undefined || (/\s/.test(char) && depth <= 0 && !isQuoted)) {
      if (index > start) parts.push(query.slice(start, index))
      start = index + 1
    }
  }
  return parts
}
