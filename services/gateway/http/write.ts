import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'

/** Writes the answer, unless the client has gone. Gives the length of its content in bytes. */
export function write(
  { status, headers, body }: Answer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): number {
  const bytes = Buffer.byteLength(body)
  if (outgoing.destroyed) return bytes
  headers['x-content-type-options'] = 'nosniff'
  // RFC 9110 §8.6: not with 204; with 304 it would be the length of the whole.
  if (status !== 204 && status !== 304) headers['content-length'] = String(bytes)
  outgoing.writeHead(status, headers).end(body)
  if (!incoming.complete) linger(incoming)
  return bytes
}

const lingerMs = 5_000

/** Skips the rest of a body for a while, so that the client reads its answer; then the connection closes. */
function linger(incoming: IncomingMessage): void {
  const { socket } = incoming
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  const leave = () => {
    clearTimeout(timer)
    socket.off('close', leave)
  }
  socket.on('close', leave)
  incoming.on('end', leave)
}
