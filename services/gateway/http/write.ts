import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import type { Answer } from './answer.ts'
import { hasBody } from './body.ts'
import { addSecurityHeaders } from './security-headers.ts'

/** Writes the answer, unless the client has gone. Gives the length of its content in bytes. */
export function write(
  { status, headers }: Answer,
  body: string | Buffer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): number {
  const bytes = Buffer.byteLength(body)
  if (outgoing.destroyed) return bytes
  addSecurityHeaders(headers, incoming)
  if (incoming.httpVersionMajor === 2) dropConnectionFields(headers)
  // RFC 9110 §8.6: not with 204; with 304 it would be the length of the whole.
  if (status !== 204 && status !== 304) headers['content-length'] = String(bytes)
  // Latin-1 is written as it lies in memory; where each character is a byte it is the same text.
  outgoing.writeHead(status, headers).end(body, bytes === body.length ? 'latin1' : 'utf8')
  if (!incoming.complete && hasBody(incoming)) linger(incoming)
  return bytes
}

/** RFC 9113 §8.2.2: there are none in HTTP/2. */
function dropConnectionFields(headers: Record<string, unknown>): void {
  delete headers.connection
  delete headers.upgrade
}

/** A client that takes nothing for so long is cut off. */
const stalledMs = 60_000

/**
 * Sends the content as it comes and as fast as the client takes it. Calls back when it is through, with its length in
 * bytes and, when it broke off, why. The connection breaks off with it, so that nobody takes a part for the whole.
 */
export function writeStream(
  { status, headers }: Answer,
  body: Readable,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onEnd: (bytes: number, error: NodeJS.ErrnoException | null | undefined) => void,
): void {
  addSecurityHeaders(headers, incoming)
  if (incoming.httpVersionMajor === 2) dropConnectionFields(headers)
  if (!outgoing.destroyed) outgoing.writeHead(status, headers)
  if (incoming.method === 'HEAD') {
    body.destroy()
    outgoing.end()
    return onEnd(0, undefined)
  }
  outgoing.setTimeout(stalledMs, () => outgoing.destroy())
  let bytes = 0
  pipeline(body, outgoing, (error) => onEnd(bytes, error))
  body.on('data', (chunk: Buffer) => void (bytes += chunk.length))
  if (!incoming.complete && hasBody(incoming)) linger(incoming)
}

const lingerMs = 5_000

/** Skips the rest of a body for a while, so that the client reads its answer; then the connection closes. */
export function linger(incoming: IncomingMessage): void {
  // Other streams go on.
  if (incoming.httpVersionMajor === 2) return void incoming.resume()
  const { socket } = incoming
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  const leave = () => {
    clearTimeout(timer)
    socket.off('close', leave)
  }
  socket.on('close', leave)
  incoming.on('end', leave)
}
