/** A search as the fields of the advanced form, and as it is written. */
export interface SearchFields {
  from: string
  to: string
  subject: string
  words: string
  without: string
  sizeIs: 'larger' | 'smaller'
  megabytes: string
  after: string
  before: string
  hasAttachment: boolean
  place: string
}

export const noFields: SearchFields = {
  from: '',
  to: '',
  subject: '',
  words: '',
  without: '',
  sizeIs: 'larger',
  megabytes: '',
  after: '',
  before: '',
  hasAttachment: false,
  place: '',
}

export function searchOf(fields: SearchFields): string {
  const { from, to, subject, words, without, sizeIs, megabytes, after, before, hasAttachment, place } = fields
  const terms = [
    ...named('from', from),
    ...named('to', to),
    ...named('subject', subject),
    words.trim(),
    ...without.split(/\s+/).flatMap((word) => (word ? [`-${word}`] : [])),
    ...(Number(megabytes) > 0 ? [`${sizeIs}:${Number(megabytes)}M`] : []),
    ...(after ? [`after:${after.replaceAll('-', '/')}`] : []),
    ...(before ? [`before:${before.replaceAll('-', '/')}`] : []),
    ...(hasAttachment ? ['has:attachment'] : []),
    place,
  ]
  return terms.filter((term) => term !== '').join(' ')
}

function named(operator: string, value: string): string[] {
  const text = value.trim().replaceAll('"', '')
  if (text === '') return []
  return [/\s/.test(text) ? `${operator}:"${text}"` : `${operator}:${text}`]
}
