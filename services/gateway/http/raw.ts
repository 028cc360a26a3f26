import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WholeAnswer } from './answer.ts'

/** The last answer on a connection that Node's HTTP server has let go of. */
export function writeRaw(socket: Duplex, { status, headers, body }: WholeAnswer): void {
  const fields = { ...headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${String(body)}`, () =>
    socket.destroy(),
  )
}
