import { cutText, decodeText, isKnownCharset } from './charset.ts'
import { decodeBytes } from './decode.ts'
import { htmlToText } from './html-text.ts'
import type { Oddity, Part } from './message.ts'
import type { Scan } from './scanner.ts'

const maxText = 262_144
const maxHtml = 524_288

/** What a person reads of a message, and its HTML for the filter. */
export function readTexts(scan: Scan): { text: string; html: string } {
  const collected: Collected = { scan, decoded: new Map(), html: [] }
  collectHtml(collected, scan.structure)
  let text = shownText(collected, scan.structure).trim()
  if (text === '') text = enclosedText(collected, scan.structure).trim()
  return { text: cutText(text, maxText), html: cutText(collected.html.join('\n'), maxHtml) }
}

interface Collected {
  scan: Scan
  decoded: Map<Part, string>
  html: string[]
}

function collectHtml(collected: Collected, part: Part): void {
  if (part.parts) for (const child of part.parts) collectHtml(collected, child)
  else if (part.mediaType === 'text/html') collected.html.push(decoded(collected, part))
}

function shownText(collected: Collected, part: Part): string {
  if (!part.parts) {
    if (part.mediaType === 'text/plain') return decoded(collected, part)
    return part.mediaType === 'text/html' ? htmlToText(cutText(decoded(collected, part), maxHtml)) : ''
  }
  if (part.mediaType === 'multipart/alternative') return chosenText(collected, part.parts)
  const texts = part.parts.map((child) => shownText(collected, child))
  return texts.filter((text) => text.trim() !== '').join('\n')
}

/** Plain text where it says anything, else the last that does (RFC 2046 §5.1.4). */
function chosenText(collected: Collected, parts: Part[]): string {
  for (const part of parts) {
    if (part.mediaType !== 'text/plain') continue
    const text = decoded(collected, part)
    if (text.trim() !== '') return text
  }
  for (const part of parts.toReversed()) {
    const text = part.mediaType === 'text/plain' ? '' : shownText(collected, part)
    if (text.trim() !== '') return text
  }
  return ''
}

function enclosedText(collected: Collected, part: Part): string {
  if (part.message) {
    collectHtml(collected, part.message.part)
    const text = shownText(collected, part.message.part)
    return text.trim() === '' ? enclosedText(collected, part.message.part) : text
  }
  for (const child of part.parts ?? []) {
    const text = enclosedText(collected, child)
    if (text !== '') return text
  }
  return ''
}

function decoded(collected: Collected, part: Part): string {
  const known = collected.decoded.get(part)
  if (known !== undefined) return known
  const bytes = collected.scan.leaves
    .get(part)
    ?.kept?.take()
    .subarray(0, part.end - part.start)
  const text = bytes ? decodePart(part, bytes, collected.scan.oddities) : ''
  collected.decoded.set(part, text)
  return text
}

function decodePart(part: Part, bytes: Buffer, oddities: Set<Oddity>): string {
  const charset = part.parameters['charset']
  if (charset !== undefined && !isKnownCharset(charset)) oddities.add('unknownCharset')
  const text = decodeText(decodeBytes(bytes, part.encoding), charset)
  return text.includes('\r') ? text.replaceAll('\r\n', '\n').replaceAll('\r', '\n') : text
}
