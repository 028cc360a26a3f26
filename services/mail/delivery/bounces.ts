/** Reports of other servers on what we handed over to them: RFC 3464, RFC 6533. */
import type { Database } from '#platform/database/database.ts'
import { decodeBytes } from '../mime/decode.ts'
import { fieldOf, parseHeader } from '../mime/header.ts'
import type { HeaderField, ParsedMessage, Part } from '../mime/message.ts'
import { readIds } from '../mime/envelope.ts'
import { recordReported } from '../store/recipients.ts'
import { decodeXtext } from '../smtp/parameters.ts'

export interface Bounce {
  envelopeId: string | undefined
  /** Of the message that is reported of, without angle brackets. */
  messageId: string | undefined
  recipients: BouncedRecipient[]
}

export interface BouncedRecipient {
  /** The one we sent to and the one it became, where they differ. */
  addresses: string[]
  state: 'failed' | 'delayed' | 'delivered'
  /** RFC 3463 */
  status: string
  server: string | undefined
  /** What the last server said, as it is told. */
  answer: string
}

/** Bytes of the message from an offset to another. */
export type ReadBytes = (start: number, end: number) => Promise<Buffer>

const maxStatusBytes = 256 * 1024
const maxHeaderBytes = 64 * 1024
const maxRecipients = 1_000
const maxFieldLength = 4_000

/** Undefined for what is no report, or tells nothing. Never throws but what reading does. */
export async function readBounce(message: ParsedMessage, read: ReadBytes): Promise<Bounce | undefined> {
  const report = message.structure
  const parts = report.parts ?? []
  if (report.mediaType !== 'multipart/report') return undefined
  const status = parts.find(({ mediaType }) => /^message\/(global-)?delivery-status$/.test(mediaType))
  if (!status) return undefined
  const text = await bodyOf(status, read, maxStatusBytes)
  const [ofMessage = [], ...groups] = fieldGroups(text)
  const recipients = groups.slice(0, maxRecipients).flatMap(recipientOf)
  if (recipients.length === 0) return undefined
  const envelopeId = fieldOf(ofMessage, 'original-envelope-id')
  return {
    envelopeId: envelopeId === undefined ? undefined : (decodeXtext(envelopeId.trim()) ?? envelopeId),
    messageId: await originalId(parts, read),
    recipients,
  }
}

/**
 * Puts what a bounce tells into the trace of what it is about. `recipient` is whom it came to: only who sent a message
 * gets reports of it. Gives how many recipients it was about.
 */
export async function recordBounce(tx: Database, bounce: Bounce, recipient: string): Promise<number> {
  let recorded = 0
  for (const each of bounce.recipients)
    recorded += await recordReported(tx, {
      ...each,
      envelopeId: bounce.envelopeId,
      messageId: bounce.messageId,
      sender: recipient,
    })
  return recorded
}

async function bodyOf(part: Part, read: ReadBytes, most: number): Promise<Buffer> {
  return decodeBytes(await read(part.start, Math.min(part.end, part.start + most)), part.encoding)
}

/** RFC 3464 §2.1: groups of fields with empty lines between them. */
function fieldGroups(bytes: Buffer): HeaderField[][] {
  return bytes
    .toString('latin1')
    .split(/\r?\n(?:[ \t]*\r?\n)+/, maxRecipients + 2)
    .map((text) => parseHeader(Buffer.from(text, 'latin1')).fields)
    .filter((fields) => fields.length > 0)
}

const states: Record<string, BouncedRecipient['state']> = {
  failed: 'failed',
  delayed: 'delayed',
  delivered: 'delivered',
}

/** `relayed` and `expanded` tell nothing that is not known. */
function recipientOf(fields: HeaderField[]): BouncedRecipient[] {
  const action = fieldOf(fields, 'action')?.trim().toLowerCase().split(/\s/)[0] ?? ''
  const state = Object.hasOwn(states, action) ? states[action] : undefined
  const addresses = ['final-recipient', 'original-recipient'].flatMap((name) => {
    const address = valueOf(fields, name)
    return address === undefined || address === '' ? [] : [address.replace(/^<(.*)>$/, '$1')]
  })
  if (!state || addresses.length === 0) return []
  const fallback = { failed: '5.0.0', delayed: '4.0.0', delivered: '2.0.0' }[state]
  const status = /[245]\.\d{1,3}\.\d{1,3}/.exec(fieldOf(fields, 'status') ?? '')?.[0] ?? fallback
  const diagnostic = valueOf(fields, 'diagnostic-code') ?? ''
  return [
    {
      addresses: [...new Set(addresses)],
      state,
      status,
      server: valueOf(fields, 'remote-mta') || undefined,
      answer: (diagnostic === '' ? `${status} (reported as ${action})` : diagnostic).slice(0, 1000),
    },
  ]
}

/** `type; value`: the value. */
function valueOf(fields: HeaderField[], name: string): string | undefined {
  const value = fieldOf(fields, name)
  return value
    ?.slice(value.indexOf(';') + 1, maxFieldLength)
    .trim()
    .replaceAll(/\s+/g, ' ')
}

/** From the message that came back, or its header. */
async function originalId(parts: readonly Part[], read: ReadBytes): Promise<string | undefined> {
  const part = parts.find(({ mediaType }) =>
    /^(text\/rfc822-headers|message\/(rfc822|global|global-headers))$/.test(mediaType),
  )
  if (!part) return undefined
  const bytes = await bodyOf(part, read, maxHeaderBytes)
  const ends = [bytes.indexOf('\r\n\r\n'), bytes.indexOf('\n\n')].filter((end) => end !== -1)
  const header = bytes.subarray(0, Math.min(bytes.length, ...ends.map((end) => end + 1)))
  return readIds(fieldOf(parseHeader(header).fields, 'message-id'))[0]
}
