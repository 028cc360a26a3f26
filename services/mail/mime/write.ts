import { randomBytes } from 'node:crypto'
import { asciiAddress, formatAddress } from './addresses.ts'
import { encodeBase64Lines, encodeText, isSevenBit } from './encode.ts'
import { contentHeader, formatDate, headerLine, idList } from './header-lines.ts'
import type { MailAddress } from './message.ts'

export interface OutgoingAttachment {
  fileName: string
  mediaType: string
  /** Without angle brackets; the HTML shows it as `cid:…`. */
  contentId?: string
  isInline?: boolean
  /** A function is called once, when its turn comes. */
  content: Uint8Array | (() => AsyncIterable<Uint8Array>)
}

export interface OutgoingMessage {
  from: MailAddress
  sender?: MailAddress
  to: MailAddress[]
  cc: MailAddress[]
  /** Written as a header: give it for a draft or the sender's copy only. */
  bcc?: MailAddress[]
  replyTo?: MailAddress[]
  subject: string
  date: Date
  /** Ids without angle brackets. */
  messageId: string
  inReplyTo?: string[]
  references?: string[]
  headers?: { name: string; value: string }[]
  text: string
  html?: string
  attachments: OutgoingAttachment[]
  /** Headers in UTF-8 (RFC 6532), for a transport that speaks SMTPUTF8; else all is ASCII. */
  utf8?: boolean
}

/** Whether an address of it can only be written with `utf8`. */
export function needsUtf8(message: OutgoingMessage): boolean {
  const { from, sender, to, cc, bcc = [], replyTo = [] } = message
  const all = [from, ...(sender ? [sender] : []), ...to, ...cc, ...bcc, ...replyTo]
  // oxlint-disable-next-line no-control-regex
  return all.some(({ address }) => /[^\u0000-\u007f]/.test(asciiAddress(address)))
}

/**
 * The message as it is sent, lines ended by CRLF (RFC 5322, RFC 2045). Attachments are read as their turn comes.
 * Throws a TypeError for a header name that is none and for an address that needs `utf8`.
 */
export async function* buildMessage(message: OutgoingMessage): AsyncGenerator<Buffer, void, undefined> {
  if (!message.utf8 && needsUtf8(message)) throw new TypeError('an address needs UTF-8 headers')
  const head = messageHeader(message)
  yield* writeEntity(bodyOf(message), head)
}

type Entity =
  | { header: string; text: Buffer }
  | { header: string; content: OutgoingAttachment['content']; isRaw: boolean }
  | { subtype: string; entities: Entity[] }

function messageHeader(message: OutgoingMessage): string {
  const { sender, replyTo = [], bcc = [], inReplyTo = [], references = [], headers = [] } = message
  const utf8 = message.utf8 === true
  const addresses = (name: string, list: MailAddress[]) => {
    const written = list.filter(({ address }) => address !== '').map((one) => formatAddress(one, { utf8 }))
    return written.length === 0 ? '' : headerLine(name, written.join(', '))
  }
  return [
    headerLine('Date', formatDate(message.date)),
    addresses('From', [message.from]),
    addresses('Sender', sender ? [sender] : []),
    addresses('Reply-To', replyTo),
    addresses('To', message.to),
    addresses('Cc', message.cc),
    addresses('Bcc', bcc),
    headerLine('Message-ID', idList([message.messageId])),
    inReplyTo.length === 0 ? '' : headerLine('In-Reply-To', idList(inReplyTo)),
    references.length === 0 ? '' : headerLine('References', idList(references)),
    headerLine('Subject', message.subject, utf8 ? 'utf8' : 'encoded'),
    ...headers.map(({ name, value }) => headerLine(name, value, utf8 ? 'utf8' : 'encoded')),
    'MIME-Version: 1.0\r\n',
  ].join('')
}

/** RFC 2046 §5.1.3 to §5.1.5 and RFC 2387: mixed(alternative(plain, related(html, images)), files). */
function bodyOf({ text, html, attachments }: OutgoingMessage): Entity {
  const isShown = (attachment: OutgoingAttachment) =>
    html !== undefined && attachment.isInline === true && attachment.contentId !== undefined
  const shown = attachments.filter(isShown).map(attachmentEntity)
  const files = attachments.filter((attachment) => !isShown(attachment)).map(attachmentEntity)
  let body = textEntity('plain', text)
  if (html !== undefined) {
    const page = textEntity('html', html)
    const rich: Entity = shown.length > 0 ? { subtype: 'related', entities: [page, ...shown] } : page
    body = { subtype: 'alternative', entities: [body, rich] }
  }
  return files.length > 0 ? { subtype: 'mixed', entities: [body, ...files] } : body
}

function textEntity(subtype: 'plain' | 'html', text: string): Entity {
  const encoded = encodeText(text)
  const header = `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoded.encoding}\r\n`
  return { header, text: encoded.bytes }
}

/** RFC 2046 §5.2.1 forbids to encode a message: one that is not 7-bit goes as a file. */
function attachmentEntity(attachment: OutgoingAttachment): Entity {
  const { content } = attachment
  const isMessage = attachment.mediaType.toLowerCase() === 'message/rfc822'
  const isRaw = isMessage && typeof content !== 'function' && isSevenBit(content)
  const mediaType = isMessage && !isRaw ? 'application/octet-stream' : attachment.mediaType
  const header = contentHeader({ ...attachment, mediaType, encoding: isRaw ? '7bit' : 'base64' })
  return { header, content, isRaw }
}

async function* writeEntity(entity: Entity, head: string): AsyncGenerator<Buffer, void, undefined> {
  if (!('subtype' in entity)) {
    yield Buffer.from(`${head}${entity.header}\r\n`)
    if ('text' in entity) yield entity.text
    else yield* writeContent(entity.content, entity.isRaw)
    return
  }
  // RFC 2045 §6.7: `=_` stands in no encoded body.
  const boundary = `=_${randomBytes(18).toString('base64url')}`
  const type = `multipart/${entity.subtype}${entity.subtype === 'related' ? '; type="text/html"' : ''}`
  yield Buffer.from(`${head}Content-Type: ${type};\r\n boundary="${boundary}"\r\n\r\n`)
  for (const part of entity.entities) {
    yield Buffer.from(`--${boundary}\r\n`)
    yield* writeEntity(part, '')
    yield Buffer.from('\r\n')
  }
  yield Buffer.from(`--${boundary}--\r\n`)
}

async function* writeContent(
  content: OutgoingAttachment['content'],
  isRaw: boolean,
): AsyncGenerator<Buffer, void, undefined> {
  if (isRaw) yield Buffer.from(content as Uint8Array)
  else yield* encodeBase64Lines(typeof content === 'function' ? content() : [content])
}
