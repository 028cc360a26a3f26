/**
 * Opens WebSockets as cheaply as it can; says 0 when all are open, and 0 again whenever a message has reached all.
 * Raw sockets that look at no more than the heads of frames, so that the server is what is measured.
 */
import { connect, type Socket } from 'node:net'

const [name = '', port = '', count = ''] = process.argv.slice(2)
const sockets = Number(count)
/** Clients of one address, below what servers allow and far below its ports. */
const perAddress = 2_000
const openingAtOnce = 200
/** Items after which credit is granted again. */
const grantAfter = 100

let opened = 0
let delivered = 0
let started = 0

process.on('disconnect', () => process.exit())
for (let i = 0; i < openingAtOnce; i++) openNext()

function openNext(): void {
  if (started === sockets) return
  const localAddress = `127.0.0.${2 + Math.floor(started++ / perAddress)}`
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress })
  socket.setNoDelay()
  socket.on('close', () => {
    throw new Error(`the server closed a socket, with ${opened} open`)
  })
  socket.write(
    `GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  socket.once('data', (head: Buffer) => {
    if (!head.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(head.toString())
    follow(socket)
    opened++
    if (opened < sockets) return openNext()
    // Until the last subscription has arrived.
    setTimeout(() => process.send!(0), 1_000)
  })
}

/** RFC 6455 §5.2, of frames that a server sends: an opcode, a length, no mask. */
function follow(socket: Socket): void {
  if (name === 'dakghar') socket.write(frame({ type: 'subscribe', id: 1, stream: 'news.latest', input: {} }))
  let items = 0
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (bytes.length >= 2) {
      const short = bytes[1]!
      if (short === 126 && bytes.length < 4) break
      const end = short === 126 ? 4 + bytes.readUInt16BE(2) : 2 + short
      if (bytes.length < end) break
      const opcode = bytes[0]! & 0x0f
      bytes = bytes.subarray(end)
      if (opcode === 9) socket.write(pong)
      if (opcode !== 1) continue
      if (name === 'dakghar' && ++items % grantAfter === 0) socket.write(credit)
      if (++delivered < sockets) continue
      delivered = 0
      process.send!(0)
    }
    rest = bytes
  })
}

/** Masked with zeros, which change nothing. */
function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message))
  return Buffer.concat([Buffer.of(0x81, 0x80 | body.length, 0, 0, 0, 0), body])
}

const pong = Buffer.of(0x8a, 0x80, 0, 0, 0, 0)
const credit = frame({ type: 'credit', id: 1, items: grantAfter })
