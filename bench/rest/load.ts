/**
 * Sends one POST over keep-alive connections as fast as the answers come; told for how long, it says how many came
 * in a second. Raw sockets, so that the server is what is measured.
 */
import { connect, type Socket } from 'node:net'
import { key, path, sample } from './line.ts'

const [port = '', connections = ''] = process.argv.slice(2)
const body = JSON.stringify(sample)
const request = Buffer.from(
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
)
let answers = 0
let isRunning = false
const sockets = Array.from({ length: Number(connections) }, keepAsking)

process.on('message', (ms: number) => {
  answers = 0
  isRunning = true
  const startedAt = performance.now()
  for (const socket of sockets) socket.write(request)
  stayAwake()
  setTimeout(() => {
    isRunning = false
    process.send!((answers / (performance.now() - startedAt)) * 1000)
  }, ms)
})

/** A process that sleeps has to be woken by the server's writes, which would cost a slow server more than a fast one. */
function stayAwake(): void {
  if (isRunning) setImmediate(stayAwake)
}

process.on('disconnect', () => process.exit())

/** The next request goes when the whole answer is there. Anything but 201 ends the run. */
function keepAsking(): Socket {
  const socket = connect(Number(port), '127.0.0.1').setNoDelay()
  let received = ''
  return socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = /content-length: (\d+)/i.exec(received)?.[1]
    if (!received.startsWith('HTTP/1.1 201') || length === undefined) throw new Error(received)
    if (received.length < end + 4 + Number(length)) return
    received = ''
    answers++
    if (isRunning) socket.write(request)
  })
}
