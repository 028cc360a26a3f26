import { setImmediate } from 'node:timers/promises'

/** Text that is no XML as reports have it: a document type, unknown entities, tags that do not match. */
export class XmlFault extends Error {}

const maxDepth = 32
const maxTag = 16 * 1024
/** What a leaf holds is cut at this. */
const maxText = 4096
const eventsPerTurn = 10_000

export interface XmlHandler {
  /** An element without elements in it; names are without prefixes, from the root down, joined by `/`. */
  leaf(path: string, text: string): void
  open?(path: string): void
  close(path: string): void
}

/** Reads a document from its start to its end, giving other work its turn; throws an XmlFault. */
export async function readXml(text: string, handler: XmlHandler): Promise<void> {
  const reader = { text, at: 0, path: [] as OpenElement[], hasRoot: false, handler }
  for (let events = 1; next(reader); events++) if (events % eventsPerTurn === 0) await setImmediate()
  if (reader.path.length > 0 || !reader.hasRoot) throw new XmlFault('ends too early')
}

interface OpenElement {
  name: string
  path: string
  text: string
  isLeaf: boolean
}

interface Reader {
  text: string
  at: number
  path: OpenElement[]
  hasRoot: boolean
  handler: XmlHandler
}

/** One piece of text and the mark behind it; false at the end. */
function next(reader: Reader): boolean {
  const { text, path } = reader
  const mark = text.indexOf('<', reader.at)
  addText(path.at(-1), decodeEntities(text.slice(reader.at, mark < 0 ? undefined : mark)))
  if (mark < 0) return false
  if (text.startsWith('<?', mark)) reader.at = behind(text, '?>', mark)
  else if (text.startsWith('<!--', mark)) reader.at = behind(text, '-->', mark + 4)
  else if (text.startsWith('<![CDATA[', mark)) {
    reader.at = behind(text, ']]>', mark)
    addText(path.at(-1), text.slice(mark + 9, reader.at - 3))
  } else if (text.startsWith('<!', mark)) throw new XmlFault('a document type')
  else if (text.startsWith('</', mark)) closeElement(reader, mark)
  else openElement(reader, mark)
  return true
}

function behind(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from)
  if (at < 0) throw new XmlFault(`no ${end}`)
  return at + end.length
}

function addText(element: OpenElement | undefined, text: string): void {
  if (element === undefined && text.trim() !== '' && text.trim() !== '\uFEFF')
    throw new XmlFault('text outside')
  if (element !== undefined && element.text.length < maxText) element.text += text.slice(0, maxText)
}

function openElement(reader: Reader, mark: number): void {
  const end = endOfTag(reader.text, mark)
  const tag = reader.text.slice(mark + 1, end)
  const isEmpty = tag.endsWith('/')
  const name = localName(/^[^\s/]+/.exec(tag)?.[0] ?? '')
  const parent = reader.path.at(-1)
  if (parent === undefined && reader.hasRoot) throw new XmlFault('a second root')
  if (parent !== undefined) parent.isLeaf = false
  if (reader.path.length >= maxDepth) throw new XmlFault('too deep')
  const path = parent === undefined ? name : `${parent.path}/${name}`
  reader.hasRoot = true
  reader.at = end + 1
  reader.path.push({ name, path, text: '', isLeaf: true })
  reader.handler.open?.(path)
  if (isEmpty) leave(reader)
}

function closeElement(reader: Reader, mark: number): void {
  const end = endOfTag(reader.text, mark)
  const name = localName(reader.text.slice(mark + 2, end).trimEnd())
  if (reader.path.at(-1)?.name !== name) throw new XmlFault(`</${name.slice(0, 40)}> closes nothing`)
  reader.at = end + 1
  leave(reader)
}

function leave({ path, handler }: Reader): void {
  const element = path.pop()!
  if (element.isLeaf) handler.leaf(element.path, element.text.slice(0, maxText).trim())
  handler.close(element.path)
}

/** Of the `>` that ends it: one in quotes does not. */
function endOfTag(text: string, mark: number): number {
  let quote = ''
  for (let at = mark + 1; at < mark + maxTag && at < text.length; at++) {
    const character = text[at]!
    if (quote !== '') quote = character === quote ? '' : quote
    else if (character === '"' || character === "'") quote = character
    else if (character === '>') return at
    else if (character === '<') break
  }
  throw new XmlFault('a tag without end')
}

function localName(name: string): string {
  const local = name.slice(name.indexOf(':') + 1)
  if (!/^[A-Za-z_][\w.-]{0,99}$/.test(local)) throw new XmlFault('a name that is none')
  return local
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text
  return text
    .slice(0, maxText * 10)
    .replace(/&(?<name>[^;&]{0,12})(?<end>;?)/g, (_, name: string, end: string) => {
      const known = end === ';' ? (entities[name] ?? character(name)) : undefined
      if (known === undefined) throw new XmlFault('an unknown entity')
      return known
    })
}

function character(name: string): string | undefined {
  const digits = /^#(?:x(?<hex>[0-9a-f]{1,6})|(?<decimal>\d{1,7}))$/i.exec(name)?.groups
  if (digits === undefined) return undefined
  const code = digits.hex === undefined ? Number(digits.decimal) : Number.parseInt(digits.hex, 16)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined
}

/** For text and for attributes; characters that XML cannot have are left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
