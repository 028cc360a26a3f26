/**
 * A name under which a file can be saved anywhere: no folders, no control characters, no marks that turn the reading
 * direction, at most 255 octets of UTF-8 with its ending kept.
 */
export function safeFileName(given: string | undefined, mediaType: string): string {
  const last = (given ?? '').toWellFormed().split(/[/\\]/).at(-1) ?? ''
  const clean = last
    .replaceAll(/[\s\u00a0]+/g, ' ')
    .replaceAll(unsafe, '')
    .replaceAll(/^[. ]+|[. ]+$/g, '')
  return clean === '' ? defaultName(mediaType) : shorten(clean)
}

/** Control and format characters and separators of lines; the joiners U+200C and U+200D belong to words. */
const unsafe = /[[\p{Cc}\p{Cf}\u2028\u2029]--[\u200c\u200d]]/gv

const maxOctets = 255

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= maxOctets) return name
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && name.length - dot <= 20 ? name.slice(dot) : ''
  let room = maxOctets - Buffer.byteLength(ending)
  let stem = ''
  for (const character of name.slice(0, 300)) {
    room -= Buffer.byteLength(character)
    if (room < 0) break
    stem += character
  }
  return stem.trimEnd() + ending
}

const endings: Record<string, string> = {
  'message/rfc822': 'message.eml',
  'message/delivery-status': 'delivery-status.txt',
  'text/calendar': 'invite.ics',
  'text/html': 'page.html',
  'text/vcard': 'contact.vcf',
  'text/csv': 'table.csv',
  'application/pdf': 'document.pdf',
  'application/zip': 'archive.zip',
  'image/jpeg': 'image.jpg',
  'image/png': 'image.png',
  'image/gif': 'image.gif',
  'image/webp': 'image.webp',
  'application/pgp-signature': 'signature.asc',
}

function defaultName(mediaType: string): string {
  return endings[mediaType] ?? (mediaType.startsWith('text/') ? 'text.txt' : 'file')
}
