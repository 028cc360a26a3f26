/** Asks a ClamAV daemon, where there is one. */
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** ClamAV refuses what is longer than its StreamMaxLength; the answer to that is no virus name. */
const timeoutMs = 60_000
/** An INSTREAM piece begins with its length in four bytes. */
const longestPiece = 65_536
const longestAnswer = 4096

/**
 * Streams a message to `host:port`, `[v6]:port` or the path of a socket (INSTREAM). Gives the name of what was found;
 * undefined where nobody answers in time or the answer is an error. The stream is consumed or destroyed.
 */
export async function scanWithClamAv(
  where: string,
  stream: Readable,
  { timeoutMs: patienceMs = timeoutMs }: { timeoutMs?: number } = {},
): Promise<{ virus: string | undefined } | undefined> {
  const socket = connect(addressOf(where))
  const timer = setTimeout(() => socket.destroy(new Error('ClamAV takes too long')), patienceMs)
  const answer = readAnswer(socket)
  // A scanner that has its answer early closes; what can't be written then doesn't matter.
  const sent = send(socket, stream).catch(() => undefined)
  try {
    return verdictOf(await answer)
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
    socket.destroy()
    stream.destroy()
    await sent
  }
}

function addressOf(where: string): { path: string } | { host: string; port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(where) ?? []
  if (where.startsWith('/') || host === undefined) return { path: where }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) }
}

async function send(socket: Socket, stream: Readable): Promise<void> {
  socket.write('zINSTREAM\0')
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as Buffer)
    for (let at = 0; at < bytes.length; at += longestPiece) {
      const piece = bytes.subarray(at, at + longestPiece)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(piece.length)
      socket.write(length)
      if (!socket.write(piece)) await drained(socket)
    }
    if (socket.destroyed) return
  }
  socket.write(Buffer.alloc(4))
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.off('drain', settle)
      socket.off('close', settle)
      if (socket.destroyed) reject(new Error('closed'))
      else resolve()
    }
    socket.on('drain', settle)
    socket.on('close', settle)
  })
}

/** Up to its NUL. */
function readAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      answer += text
      if (answer.includes('\0') || answer.length > longestAnswer) resolve(answer)
    })
    socket.on('error', reject)
    socket.on('close', () => (answer === '' ? reject(new Error('closed')) : resolve(answer)))
  })
}

/** `stream: OK` or `stream: Win.Test.EICAR_HDB-1 FOUND`. */
function verdictOf(answer: string): { virus: string | undefined } | undefined {
  const text = answer.split('\0')[0]!.trim()
  if (text.endsWith(': OK')) return { virus: undefined }
  const virus = /^stream: (.{1,200}) FOUND$/.exec(text)?.[1]
  return virus === undefined ? undefined : { virus }
}
