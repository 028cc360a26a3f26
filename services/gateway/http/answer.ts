import { createHash } from 'node:crypto'

/** What a page of the gateway gives back; the door adds the headers that every answer has. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
  /** Code of the failure that the answer tells. */
  error?: string
}

export function jsonAnswer(status: number, value: unknown): Answer {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(value) ?? 'null' }
}

/** With a strong ETag of the content, or 304 without content when the client has it (RFC 9110 §13.1.2, §15.4.5). */
export function taggedAnswer(answer: Answer, ifNoneMatch: string | undefined): Answer {
  const etag = `"${createHash('sha1').update(answer.body).digest('base64url')}"`
  const headers = { ...answer.headers, etag, 'cache-control': 'private, no-cache' }
  if (!matches(ifNoneMatch, etag)) return { ...answer, headers }
  return { status: 304, headers: { etag, 'cache-control': headers['cache-control'] }, body: '' }
}

/** Weak comparison, as If-None-Match wants it. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((part) => {
    const tag = part.trim()
    return tag === '*' || tag === etag || tag === `W/${etag}`
  })
}
