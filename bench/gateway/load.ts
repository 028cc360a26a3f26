/**
 * Sends one request over keep-alive connections as fast as the answers come: `node load.ts <port> <connections>
 * <status> <request>`. Told for how many milliseconds, it says how many answers came. Raw sockets, so that the client
 * costs little.
 */
import { connect } from 'node:net'

const [port = '', connections = '', status = '', text = ''] = process.argv.slice(2)
const request = Buffer.from(text)
let answers = 0
let isRunning = false
const sockets = Array.from({ length: Number(connections) }, keepAsking)

process.on('message', (ms: number) => {
  answers = 0
  isRunning = true
  for (const socket of sockets) socket.write(request)
  setTimeout(() => {
    isRunning = false
    process.send!(answers)
  }, ms)
})

process.on('disconnect', () => process.exit())
process.send!('ready')

/** The next request goes when the whole answer is there. */
function keepAsking() {
  const socket = connect(Number(port), '127.0.0.1').setNoDelay()
  let received = ''
  return socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = /content-length: (\d+)/i.exec(received)?.[1]
    if (!received.startsWith(`HTTP/1.1 ${status}`) || length === undefined) throw new Error(received)
    if (received.length < end + 4 + Number(length)) return
    received = ''
    answers++
    if (isRunning) socket.write(request)
  })
}
