import { listAttachments } from './attachments.ts'
import { readTexts } from './body-text.ts'
import { viewBytes } from './charset.ts'
import { parseDate } from './date.ts'
import { readEnvelope, readIds } from './envelope.ts'
import { fieldOf } from './header.ts'
import type { HeaderField, Oddity, ParsedMessage } from './message.ts'
import { createScanner, type Scan } from './scanner.ts'
import { makeSnippet } from './snippet.ts'

/** Reads a message that is in memory. Never throws: what is wrong with it is in `oddities`. */
export function parseMessage(bytes: Uint8Array): ParsedMessage {
  const scanner = createScanner()
  scanner.write(viewBytes(bytes), false)
  return describeMessage(scanner.end())
}

/** As much is scanned without a pause: some milliseconds. */
const maxStretch = 262_144

/** Reads a message of any size as it comes; of its text only what is shown is held. Throws what the source throws. */
export async function readMessage(source: AsyncIterable<Uint8Array>): Promise<ParsedMessage> {
  const scanner = createScanner()
  let sinceTurn = 0
  for await (const chunk of source) {
    const bytes = viewBytes(chunk)
    for (let at = 0; at < bytes.length; at += maxStretch) {
      const piece = bytes.subarray(at, at + maxStretch)
      scanner.write(piece, true)
      sinceTurn += piece.length
      if (sinceTurn >= maxStretch) {
        sinceTurn = 0
        await nextTurn() // A source that is in memory lets nobody else run.
      }
    }
  }
  const scan = scanner.end()
  if (scan.sizeBytes > maxStretch) await nextTurn()
  return describeMessage(scan)
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function describeMessage(scan: Scan): ParsedMessage {
  const { fields, oddities } = scan
  const envelope = readEnvelope(fields, scan.addresses)
  const { text, html } = readTexts(scan)
  if (scan.addresses.isSpent) oddities.add('tooManyAddresses')
  noteRepeated(fields, oddities)
  return {
    sizeBytes: scan.sizeBytes,
    headers: fields,
    envelope,
    messageId: readIds(fieldOf(fields, 'message-id'))[0],
    inReplyTo: readIds(fieldOf(fields, 'in-reply-to')),
    references: readIds(fieldOf(fields, 'references')),
    sentAt: parseDate(envelope.date),
    structure: scan.structure,
    attachments: listAttachments(scan, html),
    text,
    html,
    snippet: makeSnippet(text),
    oddities: [...oddities].sort(),
  }
}

/** RFC 5322 §3.6: fields that stand at most once. */
const single = new Set([
  'date',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'message-id',
  'in-reply-to',
  'references',
  'subject',
  'content-type',
  'content-transfer-encoding',
  'mime-version',
])

function noteRepeated(fields: readonly HeaderField[], oddities: Set<Oddity>): void {
  const seen = new Set<string>()
  let froms = 0
  for (const { name } of fields) {
    if (name === 'from') froms += 1
    else if (single.has(name)) {
      if (seen.has(name)) oddities.add('severalHeaders')
      seen.add(name)
    }
  }
  if (froms === 0) oddities.add('noFrom')
  if (froms > 1) oddities.add('severalFrom')
}
