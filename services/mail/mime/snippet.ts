import { cutText } from './charset.ts'

const maxSnippet = 200
/** Lines looked at; a message that says nothing new in them is shown by what it quotes. */
const maxLines = 500

/**
 * The first 200 characters of what is new in a text, in one line: without what it quotes, the line that leads to a
 * quote, and the signature (RFC 3676 §4.3).
 */
export function makeSnippet(text: string): string {
  const lines = firstLines(text)
  return oneLine(newLines(lines)) || oneLine(lines.map(withoutMarks))
}

function firstLines(text: string): string[] {
  const lines: string[] = []
  let at = 0
  while (at < text.length && lines.length < maxLines) {
    let end = text.indexOf('\n', at)
    if (end < 0) end = text.length
    lines.push(text.slice(at, Math.min(end, at + 1_000)))
    at = end + 1
  }
  return lines
}

function newLines(lines: string[]): string[] {
  const kept: string[] = []
  let length = 0
  for (const [index, line] of lines.entries()) {
    const trimmed = line.trim()
    if (trimmed === '--' || isForward.test(trimmed)) break
    if (trimmed === '' || trimmed.startsWith('>')) continue
    if (leadsToQuote(lines, index)) continue
    kept.push(trimmed)
    length += trimmed.length
    if (length > 4 * maxSnippet) break
  }
  return kept
}

/** `On … wrote:`, in any language, on one line or two. */
function leadsToQuote(lines: string[], index: number): boolean {
  if ((lines[index] as string).trimEnd().endsWith(':')) return isQuoteNext(lines, index + 1)
  const next = lines[index + 1]?.trim() ?? ''
  return (
    next.endsWith(':') &&
    next.length < 40 &&
    /\d/.test(lines[index] as string) &&
    isQuoteNext(lines, index + 2)
  )
}

function isQuoteNext(lines: string[], index: number): boolean {
  const next = lines[index]?.trim() === '' ? lines[index + 1] : lines[index]
  return next?.trimStart().startsWith('>') === true
}

const isForward = /^-{2,10} ?(?:Original Message|Forwarded message|Original-Nachricht) ?-{2,10}$/i

function withoutMarks(line: string): string {
  return line.replace(/^[>\s]+/, '')
}

function oneLine(lines: string[]): string {
  const out: string[] = []
  let length = 0
  for (const line of lines) {
    for (const word of line.split(' ')) {
      const text = fillings.test(word) ? word.replaceAll(allFillings, ' ').trim() : word
      if (text === '') continue
      out.push(text)
      length += text.length + 1
    }
    if (length > maxSnippet) break
  }
  return cutText(out.join(' '), maxSnippet).trimEnd()
}

/** White space and what fills the preview of newsletters: soft hyphens, U+034F, marks of no width. */
const fillings = /[\s\u{ad}\u{200b}\u{2060}\u{feff}]|\u{34f}|^[\u{200c}-\u{200f}]+$/u
const allFillings =
  /(?:[\s\u{ad}\u{200b}\u{2060}\u{feff}]|\u{34f}|^[\u{200c}-\u{200f}])+[\u{200c}-\u{200f}]*/gu
