/** How a person leaves the list that a message came by (RFC 2369, RFC 8058). */
import type { Authentication } from '#contracts/mail/messages.ts'
import { parseTags, withoutWhiteSpace } from '../authentication/tags.ts'
import type { HeaderField } from '../mime/message.ts'
import { parseAddress } from '../smtp/address.ts'

export type WayOut =
  | { by: 'oneClick'; url: string }
  | { by: 'mail'; to: string; subject: string; text: string }

/** Undefined: there is none that is to be trusted. */
export function wayOut(
  headers: readonly HeaderField[],
  authentication: Pick<Authentication, 'dkim'> | null,
): WayOut | undefined {
  const field = only(headers, 'list-unsubscribe')
  if (field === undefined) return undefined
  const addresses = bracketed(field.slice(0, 10_000))
  const url = addresses.flatMap((each) => postable(each) ?? [])[0]
  if (url !== undefined && isOneClick(headers) && isSigned(headers, authentication))
    return { by: 'oneClick', url }
  return addresses.flatMap((each) => mailTo(each) ?? [])[0]
}

/** RFC 8058 §3.1 */
function isOneClick(headers: readonly HeaderField[]): boolean {
  const post = only(headers, 'list-unsubscribe-post')
  return post !== undefined && withoutWhiteSpace(post).toLowerCase() === 'list-unsubscribe=one-click'
}

/** RFC 8058 §4: a valid signature covers both fields, or anybody could have put them there. */
function isSigned(
  headers: readonly HeaderField[],
  authentication: Pick<Authentication, 'dkim'> | null,
): boolean {
  const passed = authentication?.dkim.filter(({ result }) => result === 'pass') ?? []
  return headers.some(({ name, value }) => {
    if (name !== 'dkim-signature') return false
    const tags = parseTags(value)
    const signed = withoutWhiteSpace(tags?.get('h') ?? '')
      .toLowerCase()
      .split(':')
    return (
      passed.some(
        ({ domain, selector }) =>
          tags?.get('d')?.toLowerCase() === domain.toLowerCase() &&
          tags.get('s')?.toLowerCase() === selector.toLowerCase(),
      ) &&
      signed.includes('list-unsubscribe') &&
      signed.includes('list-unsubscribe-post')
    )
  })
}

/** The value of a field that stands once. */
function only(headers: readonly HeaderField[], wanted: string): string | undefined {
  const found = headers.filter(({ name }) => name === wanted)
  return found.length === 1 ? found[0]!.value : undefined
}

function bracketed(value: string): string[] {
  const found: string[] = []
  for (let at = value.indexOf('<'); at >= 0 && found.length < 10; at = value.indexOf('<', at)) {
    const end = value.indexOf('>', at)
    if (end < 0) break
    // RFC 2369 §2: white space in it is of the folding.
    found.push(withoutWhiteSpace(value.slice(at + 1, end)))
    at = end
  }
  return found
}

function postable(text: string): string | undefined {
  if (!/^https:\/\//i.test(text) || text.length > 2_000 || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.username === '' && url.password === '' ? url.href : undefined
}

/** RFC 6068, of which subject and body are taken. */
function mailTo(text: string): Extract<WayOut, { by: 'mail' }> | undefined {
  if (!/^mailto:/i.test(text) || text.length > 2_000) return undefined
  const [path = '', query = ''] = text.slice('mailto:'.length).split('?', 2)
  const address = parseAddress(decoded(path))
  if (!address) return undefined
  const values = new Map(
    query.split('&').map((pair): [string, string] => {
      const equals = pair.indexOf('=')
      return [pair.slice(0, Math.max(0, equals)).toLowerCase(), decoded(pair.slice(equals + 1))]
    }),
  )
  const subject = (values.get('subject') ?? '').replaceAll(/\s+/g, ' ').slice(0, 500)
  return {
    by: 'mail',
    to: address.address,
    subject: subject || 'unsubscribe',
    text: values.get('body') ?? '',
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
