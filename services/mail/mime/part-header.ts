import type { HeaderField, Part } from './message.ts'
import { parseParameterized, withoutComments } from './parameters.ts'
import { decodeWords } from './words.ts'

/** Sets what the MIME fields of a part's header say of it. */
export function describePart(part: Part, fields: readonly HeaderField[], defaultType: string): void {
  const seen = new Set<string>()
  part.mediaType = defaultType
  for (const { name, value } of fields) {
    if (!name.startsWith('content-') || seen.has(name)) continue
    seen.add(name)
    readers[name]?.(part, value, defaultType)
  }
}

const readers: Record<string, (part: Part, value: string, defaultType: string) => void> = {
  'content-type': (part, value) => {
    const type = parseParameterized(value)
    // RFC 2045 §5.2: what can't be read is text/plain.
    part.mediaType = isMediaType(type.value) ? type.value : 'text/plain'
    part.parameters = type.parameters
  },
  'content-transfer-encoding': (part, value) => {
    const encoding = withoutComments(value).toLowerCase()
    if (encoding !== '') part.encoding = encoding
  },
  'content-disposition': (part, value) => {
    const { value: type, parameters } = parseParameterized(value)
    if (type !== '' || Object.keys(parameters).length > 0) part.disposition = { type, parameters }
  },
  'content-id': (part, value) => {
    const id = withoutBrackets(value)
    if (id !== '') part.contentId = id
  },
  'content-description': (part, value) => {
    part.description = decodeWords(value)
  },
  'content-language': (part, value) => {
    part.language = withoutComments(value)
      .split(',', 100)
      .map((language) => language.trim())
      .filter((language) => language !== '')
  },
  'content-location': (part, value) => {
    part.location = value.replaceAll(/\s+/g, '')
  },
  'content-md5': (part, value) => {
    part.md5 = value
  },
}

/** RFC 2045 §5.1: two tokens. */
function isMediaType(value: string): boolean {
  return value.length <= 255 && /^[^\s/;,()<>@:\\"[\]?=]+\/[^\s/;,()<>@:\\"[\]?=]+$/.test(value)
}

function withoutBrackets(value: string): string {
  const text = value.trim()
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1).trim() : text
}

export function givenName(part: Part): string | undefined {
  return part.disposition?.parameters['filename'] || part.parameters['name'] || undefined
}

/** Text that is read with the message; a file with text in it is not. */
export function isBodyText(part: Part, within: string): boolean {
  if (part.mediaType !== 'text/plain' && part.mediaType !== 'text/html') return false
  if (part.disposition?.type === 'attachment') return false
  if (within === 'multipart/alternative' || part.disposition === undefined) return true
  return part.disposition.parameters['filename'] === undefined
}
