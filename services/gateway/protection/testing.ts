/** A server behind the proxy that takes nothing which could be read in two ways. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface StrictUpstream extends AsyncDisposable {
  /** `http://127.0.0.1:port` */
  address: string
  /** Targets of the requests that came whole. */
  targets: string[]
  /** What came that it does not take. */
  complaints: string[]
}

/** Answers every whole request with 200. */
export async function strictUpstream(): Promise<StrictUpstream> {
  const targets: string[] = []
  const complaints: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = ''
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text
      try {
        for (let read = readRequest(received); read; read = readRequest(received)) {
          targets.push(read.target)
          received = received.slice(read.length)
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        }
      } catch (error) {
        complaints.push(`${(error as Error).message}: ${JSON.stringify(received.slice(0, 500))}`)
        socket.destroy()
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    complaints,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** RFC 9112 without any of its leniencies. Undefined while the request is not whole. */
function readRequest(text: string): { target: string; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) {
    assert.doesNotMatch(text, /[^\r]\n|\r[^\n]|\0/, 'a line ends oddly')
    return undefined
  }
  const [requestLine = '', ...fields] = text.slice(0, end).split('\r\n')
  const [, target = ''] = /^[!#$%&'*+.^_`|~\w-]+ (\/[!-~]*) HTTP\/1\.1$/.exec(requestLine) ?? []
  assert.notEqual(target, '', 'the request line')
  const values = (name: string) =>
    fields
      .filter((field) => field.toLowerCase().startsWith(`${name}:`))
      .map((field) => field.slice(name.length + 1).trim())
  for (const field of fields) assert.match(field, /^[!#$%&'*+.^_`|~\w-]+: ?[\t -~\x80-\xff]*$/, 'a field')
  assert.equal(values('host').length, 1, 'Host')
  const [lengths, codings] = [values('content-length'), values('transfer-encoding')]
  assert.ok(lengths.length + codings.length <= 1, 'two lengths')
  const from = end + 4
  if (codings.length > 0) {
    assert.equal(codings[0]!.toLowerCase(), 'chunked')
    const length = chunkedLength(text, from)
    return length === undefined ? undefined : { target, length }
  }
  if (lengths.length > 0) assert.match(lengths[0]!, /^\d{1,9}$/, 'Content-Length')
  const length = from + Number(lengths[0] ?? 0)
  return text.length < length ? undefined : { target, length }
}

/** Where chunks and trailers end, undefined while they have not come. */
function chunkedLength(text: string, from: number): number | undefined {
  let at = from
  for (;;) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return undefined
    const size = text.slice(at, line)
    assert.match(size, /^[\da-fA-F]{1,8}$/, 'the size of a chunk')
    at = line + 2 + Number.parseInt(size, 16)
    if (text.length < at + 2) return undefined
    assert.equal(text.slice(at, at + 2), '\r\n', 'the end of a chunk')
    at += 2
    if (Number.parseInt(size, 16) === 0) return at
  }
}

/**
 * Sends bytes and gives what comes back until the server closes, has been silent for `silenceMs`, or has said nothing
 * for `patienceMs`. Does not end its own side first.
 */
export function ask(port: number, bytes: Buffer, silenceMs: number, patienceMs = 15_000): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    const timer = setTimeout(() => socket.destroy(), patienceMs)
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text
      clearTimeout(timer)
      socket.setTimeout(silenceMs, () => socket.destroy())
    })
    // A server that has had enough resets the connection while bytes are still on their way.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(answer)
    })
  })
}
