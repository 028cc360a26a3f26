/**
 * What of a message can be searched for, as words with their places. The index and the filters both read it, so that a
 * search and a filter of the same text take the same messages.
 */
import { createHash } from 'node:crypto'
import type { Attachment, MailAddress, ParsedMessage } from '../mime/message.ts'
import { readWords, type WordTaker } from './tokens.ts'

/** Words with the places where they stand, ascending. Those of a field begin with its name: `:from:alice`. */
export type Words = ReadonlyMap<string, readonly number[]>

export type WordField = 'from' | 'to' | 'cc' | 'bcc' | 'subject' | 'file' | 'list'

export interface SearchedTexts {
  subject: string
  from: readonly MailAddress[]
  to: readonly MailAddress[]
  cc: readonly MailAddress[]
  bcc: readonly MailAddress[]
  /** List-Id and List-Post as they stand. */
  list: string
  attachments: readonly Pick<Attachment, 'fileName' | 'mediaType' | 'isInline'>[]
  text: string
  messageId: string | undefined
}

/** Postgres, "Limitations" of text search: a place is at most 16,383, a word has at most 256. */
const most = { place: 16_383, placesOfWord: 256 }
/** A tsvector is less than 1 MiB. */
const mostBytes = 900_000
const mostCharacters = 256 * 1024
const mostAddresses = 1_000

export function textsOf(parsed: ParsedMessage): SearchedTexts {
  const { envelope, headers, attachments, text, messageId } = parsed
  const list = headers.filter(({ name }) => name === 'list-id' || name === 'list-post')
  return {
    subject: envelope.subject,
    from: envelope.from,
    to: envelope.to,
    cc: envelope.cc,
    bcc: envelope.bcc,
    list: list.map(({ value }) => value).join(' '),
    attachments,
    text,
    messageId,
  }
}

export function wordsOf(texts: SearchedTexts): Words {
  const found = new Map<string, number[]>()
  let place = 1
  let bytes = 0
  const take: WordTaker = (word, at) => {
    const places = found.get(word)
    if (places !== undefined) {
      if (at <= most.place && places.length < most.placesOfWord && places.at(-1) !== at) places.push(at)
      bytes += 2
    } else if (bytes < mostBytes) {
      found.set(word, at <= most.place ? [at] : [])
      bytes += Buffer.byteLength(word) + 6
    }
  }
  const read = (text: string, field?: WordField) => {
    const isAddress = field !== undefined && field !== 'subject' && field !== 'file'
    const takeBoth: WordTaker = (word, at) => {
      take(word, at)
      take(`:${field}:${word}`, at)
    }
    // A place is left out, so that no phrase goes from one text into the next.
    place =
      readWords(text.slice(0, mostCharacters), isAddress, place, field === undefined ? take : takeBoth) + 1
  }
  for (const kind of kindsOf(texts.attachments)) take(`:has:${kind}`, most.place + 1)
  if (texts.messageId !== undefined) take(messageIdWord(texts.messageId), most.place + 1)
  read(texts.subject, 'subject')
  for (const field of ['from', 'to', 'cc', 'bcc'] as const)
    for (const { name, address } of texts[field].slice(0, mostAddresses)) read(`${name} <${address}>`, field)
  read(texts.list.slice(0, 2_000), 'list')
  for (const { fileName } of texts.attachments) read(fileName, 'file')
  read(texts.text)
  return found
}

/** As Postgres reads a tsvector, with the word that marks the account's messages. */
export function tsvectorOf(words: Words, accountNumber: number): string {
  const pieces = [`'${accountWord(accountNumber)}'`]
  for (const [word, places] of words)
    pieces.push(places.length === 0 ? `'${word}'` : `'${word}':${places.join(',')}`)
  return pieces.join(' ')
}

export function accountWord(accountNumber: number): string {
  return `:account:${accountNumber}`
}

/** Message-IDs are of strangers and long: a hash stands for one. */
export function messageIdWord(messageId: string): string {
  return `:id:${createHash('sha256').update(messageId).digest('hex').slice(0, 32)}`
}

export const attachmentKinds = [
  'attachment',
  'pdf',
  'image',
  'video',
  'audio',
  'document',
  'spreadsheet',
  'presentation',
  'archive',
  'calendar',
] as const
export type AttachmentKind = (typeof attachmentKinds)[number]

function kindsOf(attachments: SearchedTexts['attachments']): Set<AttachmentKind> {
  const kinds = new Set<AttachmentKind>()
  for (const { fileName, mediaType, isInline } of attachments) {
    if (isInline) continue
    kinds.add('attachment')
    const extension = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase()
    const kind = kindOfExtension.get(extension) ?? kindOfType(mediaType)
    if (kind) kinds.add(kind)
  }
  return kinds
}

function kindOfType(mediaType: string): AttachmentKind | undefined {
  const [type = '', subtype = ''] = mediaType.split('/')
  if (type === 'image' || type === 'video' || type === 'audio') return type
  if (subtype === 'pdf') return 'pdf'
  return mediaType === 'text/calendar' ? 'calendar' : undefined
}

const kindOfExtension = new Map<string, AttachmentKind>(
  Object.entries({
    pdf: 'pdf',
    image: 'jpg jpeg png gif webp avif heic bmp tif tiff svg',
    video: 'mp4 m4v mov avi mkv webm mpg mpeg 3gp',
    audio: 'mp3 m4a wav ogg oga opus flac aac',
    document: 'doc docx odt rtf pages txt md',
    spreadsheet: 'xls xlsx xlsm ods csv numbers',
    presentation: 'ppt pptx odp key',
    archive: 'zip tar gz tgz bz2 xz 7z rar zst',
    calendar: 'ics',
  }).flatMap(([kind, extensions]) => extensions.split(' ').map((each) => [each, kind as AttachmentKind])),
)
