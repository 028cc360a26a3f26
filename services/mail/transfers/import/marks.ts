/** What a message's own header fields, its place in the file and an index say of where it stands and how it is marked. */
import { parseDate } from '../../mime/date.ts'
import { fieldOf } from '../../mime/header.ts'
import type { HeaderField, ParsedMessage } from '../../mime/message.ts'
import { readGmailLabels } from './gmail-labels.ts'
import { standingOf } from './mailbox-names.ts'
import type { Note } from './note.ts'
import type { Found } from './read.ts'

type FoundMessage = Extract<Found, { kind: 'message' }>

/** Undefined: its program has deleted it, and its file was not tidied yet. */
export function noteOf(found: FoundMessage, { headers }: ParsedMessage): Note | undefined {
  const mozilla = mozillaStatus(headers)
  if (mozilla?.isGone) return undefined
  const gmail = fieldOf(headers, 'x-gmail-labels')
  if (gmail !== undefined) return readGmailLabels(gmail)
  const isLoose = found.fromLine === undefined && found.mailbox.length === 0
  const standing = isLoose ? { roles: ['inbox' as const], labels: [] } : standingOf(found.mailbox)
  const { isGone: _isGone, ...read } = mozilla ?? {}
  // What says nothing of it was read: nobody wants ten thousand unread messages.
  return {
    isSeen: true,
    ...standing,
    ...mboxStatus(headers),
    ...read,
    ...defined(found.marks),
    ...flag(standing.isFlagged),
  }
}

function flag(isFlagged: boolean | undefined): Partial<Note> {
  return isFlagged ? { isFlagged } : {}
}

function defined(marks: FoundMessage['marks']): Partial<Note> {
  return Object.fromEntries(Object.entries(marks).filter(([, value]) => value !== undefined))
}

/** Status and X-Status, as mbox programs have written since elm. */
function mboxStatus(headers: readonly HeaderField[]): Partial<Note> {
  const status = fieldOf(headers, 'status')
  const more = fieldOf(headers, 'x-status') ?? ''
  return {
    ...(status !== undefined && /^[A-Z]{0,10}$/i.test(status) && { isSeen: status.includes('R') }),
    ...(more.includes('A') && { isAnswered: true }),
    ...(more.includes('F') && { isFlagged: true }),
    ...(more.includes('T') && { isDraft: true }),
  }
}

/** nsMsgMessageFlags of Mozilla: four hexadecimal digits. */
function mozillaStatus(headers: readonly HeaderField[]) {
  const value = fieldOf(headers, 'x-mozilla-status')
  if (value === undefined || !/^[0-9a-f]{1,8}$/i.test(value)) return undefined
  const bits = Number.parseInt(value, 16)
  return {
    isGone: (bits & 0x0008) !== 0,
    isSeen: (bits & 0x0001) !== 0,
    ...((bits & 0x0002) !== 0 && { isAnswered: true }),
    ...((bits & 0x0004) !== 0 && { isFlagged: true }),
    ...((bits & 0x1000) !== 0 && { isForwarded: true }),
  }
}

/** When it came: of its From line, else of the server that took it last, else when it was written. */
export function receivedAtOf(found: FoundMessage, parsed: ParsedMessage): Date {
  const received = fieldOf(parsed.headers, 'received')
  const line = found.fromLine?.split(' ')
  const times = [
    // Thunderbird has `-` for a sender, and the time when it moved the message.
    line && line[1] !== '-' ? parseDate(line.slice(2).join(' ')) : undefined,
    received === undefined ? undefined : parseDate(received.slice(received.lastIndexOf(';') + 1)),
    parsed.sentAt,
    found.modifiedAt,
  ]
  const now = new Date()
  const past = times.find((time) => time !== undefined && time.getTime() < now.getTime() + 86_400_000)
  return past ?? now
}
