/** Gives the bytes of a blob: whole, or the part that was asked for. */
import type { IncomingHttpHeaders } from 'node:http'
import { Download } from '#contracts/blobs.ts'
import type { Blobs } from '#platform/blobs/blobs.ts'
import { matches, type Answer } from '#services/gateway/http/answer.ts'
import { rangeIn } from './range.ts'

/** Types that run nothing when a browser shows them. Everything else is saved, not shown. */
const shownTypes = /^(image\/(png|jpeg|gif|webp|avif)|(audio|video)\/(mp4|mpeg|ogg|webm|wav)|text\/plain)$/

export async function downloadAnswer(
  output: unknown,
  { method, headers }: { method?: string | undefined; headers: IncomingHttpHeaders },
  storeOf: (isTemporary: boolean) => Pick<Blobs, 'get'>,
): Promise<Answer> {
  const download = Download.parse(output)
  const { blob, sizeBytes, isTemporary } = download
  const etag = `"${blob}"`
  const shared = { etag, 'cache-control': 'private, no-cache', 'accept-ranges': 'bytes' }
  if (matches(headers['if-none-match'], etag)) return { status: 304, headers: shared, body: '' }
  const range = isWhole(headers, etag) ? undefined : rangeIn(headers.range, sizeBytes)
  if (range === 'unsatisfiable') {
    const described = { ...shared, 'content-range': `bytes */${sizeBytes}` }
    return { status: 416, headers: described, body: '' }
  }
  const { start, end } = range ?? { start: 0, end: sizeBytes }
  const described: Record<string, string> = {
    ...shared,
    ...contentHeaders(download),
    'content-length': String(end - start),
  }
  if (range) described['content-range'] = `bytes ${start}-${end - 1}/${sizeBytes}`
  const body = await storeOf(isTemporary).get(blob, { start, end: method === 'HEAD' ? start : end })
  if (!body) throw new Error(`blob ${blob} is not there`)
  return { status: range ? 206 : 200, headers: described, body }
}

/** RFC 9110 §13.1.5: a part of what the client has only while it is still the same. Dates never match: we send none. */
function isWhole(headers: IncomingHttpHeaders, etag: string): boolean {
  const condition = headers['if-range']
  return condition !== undefined && condition !== etag
}

/** Somebody uploaded it, so it is shown in a room without scripts, forms or our origin, if at all. */
function contentHeaders({ mediaType, fileName }: Download): Record<string, string> {
  const essence = mediaType.split(';', 1)[0]!.trim().toLowerCase()
  const isType = /^[\w.+-]+\/[\w.+-]+$/.test(essence)
  const kind = shownTypes.test(essence) ? 'inline' : 'attachment'
  return {
    'content-type':
      essence === 'text/plain' ? 'text/plain; charset=utf-8' : isType ? essence : 'application/octet-stream',
    'content-disposition': `${kind}; ${fileNameParameters(fileName)}`,
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'; sandbox",
    'cross-origin-resource-policy': 'same-origin',
  }
}

/** RFC 6266 §4.3, appendix D: a plain name for old clients, and the name as it is in UTF-8. */
function fileNameParameters(fileName: string): string {
  const name = fileName.replaceAll(/[/\\\p{Cc}]/gu, '_').toWellFormed()
  const plain = name.replaceAll(/[^\x20-\x7e]|["%]/g, '_')
  // RFC 8187 §3.2.1: what encodeURIComponent leaves and an attr-char is not.
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `filename="${plain}"; filename*=UTF-8''${encoded}`
}
