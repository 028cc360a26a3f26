/** One token of RFC 8259 behind white space; group 2 is undefined where none stands. */
const token =
  /([ \t\n\r]*)([{}[\]:,]|"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null)?/y

/** Kinds of token that begin a value: `s` is a string, `v` any other scalar. */
const value = '{[sv'

/**
 * Where a text stops being JSON: the index of the first token that can't stand there, the text's length when it
 * ends too early, undefined when nothing is wrong. `JSON.parse` tells it for some errors only.
 */
export function findJsonError(text: string): number | undefined {
  const open: string[] = []
  let expected = value
  token.lastIndex = 0
  for (;;) {
    const before = token.lastIndex
    const [, space = '', lexeme = ''] = token.exec(text) ?? []
    const at = before + space.length
    const kind = at === text.length ? 'end' : kindOf(lexeme)
    if (kind === 'end' && expected === 'end') return undefined
    if (!kind || !expected.includes(kind) || kind === 'end') return at
    const isKey = kind === 's' && !expected.includes('v')
    if (kind === '{' || kind === '[') open.push(kind)
    if (kind === '}' || kind === ']') open.pop()
    expected = isKey ? ':' : expectedAfter(kind, open.at(-1))
  }
}

function kindOf(lexeme: string): string {
  const [first = ''] = lexeme
  if (first === '"') return 's'
  return '{}[]:,'.includes(first) ? first : 'v'
}

function expectedAfter(kind: string, container: string | undefined): string {
  if (kind === ':') return value
  if (kind === ',') return container === '{' ? 's' : value
  if (kind === '{') return 's}'
  if (kind === '[') return `${value}]`
  if (container === undefined) return 'end'
  return container === '{' ? ',}' : ',]'
}
