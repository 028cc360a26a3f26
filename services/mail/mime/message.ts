/** What a message says, read from its bytes once. Everything here can be read again from them. */

export interface MailAddress {
  /** Decoded; empty where there is none. */
  name: string
  /** `local@domain` as written, the domain in lower case; empty for a group's name or what can't be read. */
  address: string
}

export interface HeaderField {
  /** Lower case. */
  name: string
  /** Unfolded and without the white space around it, else as it stands: encoded words are not decoded. */
  value: string
}

/** Offsets are of the bytes of the message, ends exclusive. */
export interface Part {
  /** As IMAP numbers it (RFC 9051 §6.4.5): `''` is the message itself, `1`, `1.2`. */
  number: string
  /** `type/subtype` in lower case. */
  mediaType: string
  /** Of Content-Type, names in lower case, values decoded (RFC 2231). */
  parameters: Record<string, string>
  /** `7bit`, `8bit`, `binary`, `base64`, `quoted-printable` or another in lower case. */
  encoding: string
  /** `inline`, `attachment` or another in lower case. */
  disposition?: { type: string; parameters: Record<string, string> }
  /** Without angle brackets. */
  contentId?: string
  description?: string
  language?: string[]
  location?: string
  md5?: string
  headerStart: number
  /** Where the header ends and the body begins. */
  start: number
  end: number
  /** Lines of the body: of text and of message/rfc822, which BODYSTRUCTURE states. */
  lines: number
  /** Of a multipart. */
  parts?: Part[]
  /** Of a message/rfc822. */
  message?: { envelope: Envelope; part: Part }
}

/** RFC 9051 §7.5.2, ENVELOPE; texts decoded. */
export interface Envelope {
  /** The header's text as it stands; empty where there is none. */
  date: string
  subject: string
  from: MailAddress[]
  sender: MailAddress[]
  replyTo: MailAddress[]
  to: MailAddress[]
  cc: MailAddress[]
  bcc: MailAddress[]
  /** With angle brackets, as written. */
  inReplyTo: string
  messageId: string
}

export interface Attachment {
  /** Part number. */
  part: string
  /** Made safe: no folders, control characters or marks that turn the reading direction; at most 255 octets. */
  fileName: string
  mediaType: string
  /** Decoded, reckoned from the encoding. */
  sizeBytes: number
  /** Shown in the text by its Content-ID. */
  isInline: boolean
  contentId?: string
}

/** Odd things that the spam rules, the doors and people may want to know of. */
export type Oddity =
  | 'noFrom'
  | 'severalFrom'
  | 'severalHeaders' // another header that may stand once stands more often
  | 'badHeader' // a line of the header that is no field
  | 'longHeader' // cut at a limit
  | 'longLine'
  | 'bareCarriageReturn'
  | 'bareLineFeed'
  | 'nul'
  | 'tooManyParts'
  | 'tooDeep'
  | 'badEncoding'
  | 'unknownCharset'
  | 'missingBoundary'
  | 'tooManyAddresses'

export interface ParsedMessage {
  sizeBytes: number
  /** In order; those of the message itself, not of its parts. */
  headers: HeaderField[]
  envelope: Envelope
  /** Ids without angle brackets; `references` oldest first, at most 100. */
  messageId: string | undefined
  inReplyTo: string[]
  references: string[]
  /** Of Date; undefined where it can't be read. */
  sentAt: Date | undefined
  structure: Part
  attachments: Attachment[]
  /** What a person reads, decoded, from text/plain, else from text/html without its marks; at most 256 Ki characters. */
  text: string
  /** Decoded text/html, at most 512 Ki characters; for the filter, not for showing. */
  html: string
  /** The first 200 characters of what is new in it, in one line. */
  snippet: string
  oddities: Oddity[]
}
