import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

/** What a page of the gateway gives back; the door adds the headers that every answer has. */
export interface Answer {
  status: number
  headers: Record<string, string>
  /** A stream states its own `content-length`, if it is known. */
  body: string | Buffer | Readable
  /** Code of the failure that the answer tells. */
  error?: string
}

/** One whose content is known as a whole. */
export interface WholeAnswer extends Answer {
  body: string | Buffer
}

export function jsonAnswer(status: number, value: unknown): WholeAnswer & { body: string } {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(value) ?? 'null' }
}

/** With a strong ETag of the content, or 304 without content when the client has it (RFC 9110 §13.1.2, §15.4.5). */
export function taggedAnswer(answer: WholeAnswer, ifNoneMatch: string | undefined): WholeAnswer {
  const etag = `"${createHash('sha1').update(answer.body).digest('base64url')}"`
  const headers = { ...answer.headers, etag, 'cache-control': 'private, no-cache' }
  if (!matches(ifNoneMatch, etag)) return { ...answer, headers }
  return { status: 304, headers: { etag, 'cache-control': headers['cache-control'] }, body: '' }
}

/** Weak comparison, as If-None-Match wants it. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  return ifNoneMatch.split(',').some((part) => {
    const tag = part.trim()
    return tag === '*' || tag === etag || tag === `W/${etag}`
  })
}
