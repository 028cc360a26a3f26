/** A plain text as it is shown: parts by how often they are quoted, links, and where the fold is. */

export interface TextBlock {
  /** How many `>` it stood behind. */
  depth: number
  text: string
}

export interface TextMail {
  blocks: TextBlock[]
  /** Blocks from here on repeat the message that is answered; their number where nothing does. */
  foldAt: number
}

/** Longer texts are read in the original. */
const longestText = 300_000
const deepestQuote = 10

export function textBlocks(text: string): TextMail {
  const blocks: { depth: number; lines: string[] }[] = []
  for (const line of text.slice(0, longestText).split(/\r?\n/)) {
    const { depth, rest } = quoted(line)
    const last = blocks.at(-1)
    if (last?.depth === depth) last.lines.push(rest)
    else blocks.push({ depth, lines: [rest] })
  }
  const joined = blocks.map(({ depth, lines }) => ({ depth, text: lines.join('\n') }))
  return withFold(joined)
}

/** A space behind each `>` belongs to the mark (RFC 3676 §4.5). */
function quoted(line: string): { depth: number; rest: string } {
  let depth = 0
  let at = 0
  while (line[at] === '>' && depth < deepestQuote) {
    depth += 1
    at += 1
    if (line[at] === ' ' && (line[at + 1] === '>' || depth > 0)) at += 1
  }
  return { depth, rest: line.slice(at) }
}

/** At the last quote, when nothing but blanks or a signature stands behind it; with the line that announces it. */
function withFold(blocks: TextBlock[]): TextMail {
  const isBlank = ({ text }: TextBlock) => text.trim() === '' || text.startsWith('-- \n')
  let end = blocks.length
  while (end > 0 && blocks[end - 1]!.depth === 0 && isBlank(blocks[end - 1]!)) end -= 1
  let start = end
  while (start > 0 && (blocks[start - 1]!.depth > 0 || blocks[start - 1]!.text.trim() === '')) start -= 1
  if (start === end || start === 0) return { blocks, foldAt: blocks.length }
  const before = blocks[start - 1]!
  const lines = before.text.trimEnd().split('\n')
  let announcement = lines.length
  // `On Monday … wrote:` may run over two lines.
  if (/:\s*$/.test(lines.at(-1) ?? ''))
    announcement -= lines.length > 1 && lines.at(-2)!.trim() !== '' ? 2 : 1
  const kept = lines.slice(0, Math.max(0, announcement)).join('\n')
  if (kept.trim() === '') return { blocks, foldAt: blocks.length }
  const announced = lines.slice(announcement).join('\n')
  const rest = announced === '' ? [] : [{ depth: 0, text: announced }]
  return {
    blocks: [...blocks.slice(0, start - 1), { depth: 0, text: kept }, ...rest, ...blocks.slice(start)],
    foldAt: start,
  }
}

export interface TextPiece {
  text: string
  /** It is a link. */
  href?: string
}

const link = /\bhttps?:\/\/[^\s<>"]{1,2000}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/gi

export function linkified(text: string): TextPiece[] {
  const pieces: TextPiece[] = []
  let end = 0
  for (const match of text.matchAll(link)) {
    const found = withoutPunctuation(match[0])
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) })
    pieces.push({ text: found, href: /^https?:/i.test(found) ? found : `mailto:${found}` })
    end = match.index + found.length
  }
  if (end < text.length) pieces.push({ text: text.slice(end) })
  return pieces
}

/** The end of a sentence is none of a link; a bracket is only when it was opened in it. */
function withoutPunctuation(found: string): string {
  const end = found.replace(/[.,;:!?'*_]{1,10}$/, '')
  if (end.endsWith(')') && !end.includes('(')) return end.slice(0, -1)
  return end.endsWith(']') && !end.includes('[') ? end.slice(0, -1) : end
}
