/**
 * Reads what people type into the search box: Gmail's operators, words and "phrases", `-not`, `OR`, `( )` for and, `{ }`
 * for or. `OR` binds more closely than the space between words does.
 */
import { nothing, withUsualScope, type SearchNode } from './ast.ts'
import { operators, wordsNode, type Reading } from './operators.ts'
import { SearchError } from './search-error.ts'

export interface ParseOptions {
  /** For `older_than:` and the like. */
  now?: Date
  /** In which days begin; UTC unless stated. */
  timeZone?: string
  /** The person's addresses, which `me` stands for. */
  own?: readonly string[]
  /** The last word may still go on: somebody is typing. */
  isTyping?: boolean
}

const most = { characters: 1_000, terms: 50, depth: 20 }

/** Throws a `SearchError` and nothing else. Takes all that is there for an empty text. */
export function parseQuery(text: string, options: ParseOptions = {}): SearchNode {
  if (text.length > most.characters)
    throw new SearchError(`A search has at most ${most.characters} characters.`, most.characters)
  if (text.trim() === '') return { kind: 'everything' }
  const { now = new Date(), timeZone = 'UTC', own = [], isTyping = false } = options
  const parser: Parser = { text, at: 0, terms: 0, depth: 0, reading: { now, timeZone, own }, isTyping }
  const nodes: SearchNode[] = []
  // What closes nothing is passed over.
  for (; parser.at < text.length; parser.at++) nodes.push(...readGroup(parser, undefined, undefined))
  return joined('and', nodes) ?? nothing
}

/** For the search box: junk and trash are left out, and what is wrong is said. */
export function readSearch(
  text: string,
  options: ParseOptions = {},
): { search: SearchNode } | { error: string; position: number } {
  try {
    return { search: withUsualScope(parseQuery(text, options)) }
  } catch (error) {
    if (!(error instanceof SearchError)) throw error
    return { error: error.message, position: error.position }
  }
}

interface Parser {
  text: string
  at: number
  terms: number
  depth: number
  reading: Reading
  isTyping: boolean
}

type Operator = keyof typeof operators

/** Up to the mark that closes it, or any closing mark at the top. Inside `subject:( )` words are of that field. */
function readGroup(parser: Parser, close: string | undefined, field: Operator | undefined): SearchNode[] {
  const isAnyOf = close === '}'
  const alternatives: SearchNode[][] = []
  let joins = false
  while (skipBlanks(parser)) {
    const mark = parser.text[parser.at]!
    if (mark === ')' || mark === '}') {
      if (close === undefined || mark === close) break
      parser.at += 1
      continue
    }
    const joiner = readJoiner(parser)
    if (joiner !== undefined) {
      joins ||= joiner === 'OR'
      continue
    }
    const node = readTerm(parser, field)
    if (node === undefined) continue
    if (joins && alternatives.length > 0) alternatives.at(-1)!.push(node)
    else alternatives.push([node])
    joins = false
  }
  const nodes = alternatives.flatMap((each) => joined('or', each) ?? [])
  return isAnyOf ? [joined('or', nodes) ?? nothing].filter(() => nodes.length > 0) : nodes
}

function readTerm(parser: Parser, field: Operator | undefined): SearchNode | undefined {
  const isNegated = takeSign(parser)
  const node = readAtom(parser, field)
  return node && isNegated ? { kind: 'not', node } : node
}

/** `-` before a term, or `NOT` as a word. */
function takeSign(parser: Parser): boolean {
  let isNegated = false
  for (;;) {
    const mark = parser.text[parser.at]
    if (mark === '-' || mark === '+') {
      isNegated = mark === '-' ? !isNegated : isNegated
      parser.at += 1
    } else if (wordAt(parser) === 'NOT') {
      isNegated = !isNegated
      parser.at += 3
      skipBlanks(parser)
    } else return isNegated
  }
}

function readAtom(parser: Parser, field: Operator | undefined): SearchNode | undefined {
  const mark = parser.text[parser.at]
  if (mark === undefined || isBlank(mark) || mark === ')' || mark === '}') return undefined
  countTerm(parser)
  if (mark === '(' || mark === '{') return readBrackets(parser, mark, field)
  const start = parser.at
  if (isQuote(mark)) return termNode(parser, field, readQuoted(parser), start, true)
  const word = readWord(parser)
  const colon = word.indexOf(':')
  const name = word.slice(0, Math.max(0, colon)).toLowerCase().replaceAll('-', '_')
  if (!Object.hasOwn(operators, name)) return termNode(parser, field, word, start, false)
  parser.at = start + colon + 1
  return readOperand(parser, name as Operator)
}

/** What stands behind the colon; a blank between them is passed over. */
function readOperand(parser: Parser, name: Operator): SearchNode | undefined {
  skipBlanks(parser)
  const mark = parser.text[parser.at]
  const start = parser.at
  if (mark === undefined || mark === ')' || mark === '}')
    throw new SearchError(`Something is missing behind ${name}:`, start)
  if (mark === '(' || mark === '{') return readBrackets(parser, mark, name)
  return isQuote(mark)
    ? termNode(parser, name, readQuoted(parser), start, true)
    : termNode(parser, name, readWord(parser), start, false)
}

function readBrackets(parser: Parser, open: string, field: Operator | undefined): SearchNode | undefined {
  parser.depth += 1
  if (parser.depth > most.depth) throw new SearchError('Too many brackets stand in brackets.', parser.at)
  parser.at += 1
  const nodes = readGroup(parser, open === '(' ? ')' : '}', field)
  parser.at += 1
  parser.depth -= 1
  return joined('and', nodes)
}

function termNode(
  parser: Parser,
  field: Operator | undefined,
  value: string,
  start: number,
  isQuoted: boolean,
): SearchNode | undefined {
  if (field !== undefined) return operators[field](value, parser.reading, start)
  return wordsNode(value, undefined, parser.isTyping && !isQuoted && parser.at >= parser.text.length)
}

function countTerm(parser: Parser): void {
  parser.terms += 1
  if (parser.terms > most.terms) throw new SearchError(`A search has at most ${most.terms} terms.`, parser.at)
}

function joined(kind: 'and' | 'or', nodes: readonly SearchNode[]): SearchNode | undefined {
  return nodes.length > 1 ? { kind, nodes } : nodes[0]
}

/** False at the end. */
function skipBlanks(parser: Parser): boolean {
  while (parser.at < parser.text.length && isBlank(parser.text[parser.at]!)) parser.at += 1
  return parser.at < parser.text.length
}

function readJoiner(parser: Parser): 'OR' | 'AND' | undefined {
  const word = wordAt(parser)
  const joiner = word === 'OR' || word === '|' ? 'OR' : word === 'AND' ? 'AND' : undefined
  if (joiner !== undefined) parser.at += word.length
  return joiner
}

function wordAt({ text, at }: Parser): string {
  return text.slice(at, endOfWord(text, at))
}

function readWord(parser: Parser): string {
  const word = wordAt(parser)
  parser.at += word.length
  return word
}

function readQuoted(parser: Parser): string {
  const start = parser.at + 1
  let end = start
  while (end < parser.text.length && !isQuote(parser.text[end]!)) end += 1
  parser.at = Math.min(parser.text.length, end + 1)
  return parser.text.slice(start, end)
}

function endOfWord(text: string, start: number): number {
  let at = start
  while (at < text.length && !isBlank(text[at]!) && !isQuote(text[at]!) && !'(){}'.includes(text[at]!))
    at += 1
  return at
}

function isBlank(character: string): boolean {
  return character.trim() === ''
}

function isQuote(character: string): boolean {
  return character === '"' || character === '“' || character === '”' || character === '„'
}
