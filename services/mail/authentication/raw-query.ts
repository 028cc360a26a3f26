import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Types of RFC 1035 and RFC 3596. */
const types = { a: 1, mx: 15, txt: 16, aaaa: 28 }

export type RawKind = keyof typeof types

/** What node's resolver gives for these kinds, and throws: errors have its codes. */
export type RawRecord = { text: string } | { priority: number; exchange: string }

/** Characters that node's resolver refuses in a name, though the DNS carries them and SPF macros make them (`+` of a
 * local part). */
export function isOddName(name: string): boolean {
  return /[^a-z0-9._*\-\u0080-\uffff]/i.test(name)
}

/** Asks one name server after the other over UDP; an answer that does not fit there is an error. */
export async function rawQuery(
  servers: string[],
  kind: RawKind,
  name: string,
  timeoutMs: number,
): Promise<RawRecord[]> {
  let failure: unknown = coded('ECONNREFUSED')
  for (const server of servers.slice(0, 3)) {
    try {
      return readReply(await exchange(server, encodeQuestion(kind, name), timeoutMs), kind)
    } catch (error) {
      failure = error
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTFOUND' || code === 'ENODATA') break
    }
  }
  throw failure
}

function coded(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code })
}

function encodeQuestion(kind: RawKind, name: string): Buffer {
  const labels = name.split('.').flatMap((label) => {
    const bytes = Buffer.from(label, 'utf8')
    if (bytes.length > 63) throw coded('EBADNAME')
    return [Buffer.from([bytes.length]), bytes]
  })
  const header = Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1]) // recursion desired; one question, one OPT
  header.writeUInt16BE(randomInt(0x10000), 0)
  // RFC 6891: room for answers of 1232 octets.
  const option = Buffer.from([0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0])
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, types[kind], 0, 1]), option])
}

function exchange(server: string, query: Buffer, timeoutMs: number): Promise<Buffer> {
  const { address, port } = splitServer(server)
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4')
  return new Promise<Buffer>((resolve, reject) => {
    const timer = setTimeout(() => reject(coded('ETIMEOUT')), timeoutMs)
    socket.once('close', () => clearTimeout(timer))
    socket.on('error', () => reject(coded('ECONNREFUSED')))
    socket.on('message', (reply) => {
      // The same id and question: else someone guesses.
      if (isReplyTo(query, reply)) resolve(reply)
    })
    socket.connect(port, address, () => socket.send(query))
  }).finally(() => socket.close())
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`. */
function splitServer(server: string): { address: string; port: number } {
  if (isIP(server) !== 0) return { address: server, port: 53 }
  const colon = server.lastIndexOf(':')
  return { address: server.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(server.slice(colon + 1)) }
}

function isReplyTo(query: Buffer, reply: Buffer): boolean {
  const end = query.length - 11
  return (
    reply.length >= end &&
    reply.readUInt16BE(0) === query.readUInt16BE(0) &&
    (reply[2]! & 0x80) !== 0 &&
    reply.subarray(12, end).toString('latin1').toLowerCase() ===
      query.subarray(12, end).toString('latin1').toLowerCase()
  )
}

function readReply(reply: Buffer, kind: RawKind): RawRecord[] {
  const code = reply[3]! & 15
  if (code === 3) throw coded('ENOTFOUND')
  if (code !== 0) throw coded(code === 2 ? 'ESERVFAIL' : code === 5 ? 'EREFUSED' : 'EBADRESP')
  if ((reply[2]! & 2) !== 0) throw coded('EBADRESP') // cut off
  try {
    const records = readAnswers(reply, kind)
    if (records.length > 0) return records
  } catch {
    throw coded('EBADRESP')
  }
  throw coded('ENODATA')
}

function readAnswers(reply: Buffer, kind: RawKind): RawRecord[] {
  const records: RawRecord[] = []
  let at = readName(reply, 12).end + 4
  for (let left = reply.readUInt16BE(6); left > 0; left--) {
    at = readName(reply, at).end
    const type = reply.readUInt16BE(at)
    const start = at + 10
    const end = start + reply.readUInt16BE(at + 8)
    if (end > reply.length) throw coded('EBADRESP')
    if (type === types[kind]) records.push(readRecord(reply, kind, start, end))
    at = end
  }
  return records
}

function readRecord(reply: Buffer, kind: RawKind, start: number, end: number): RawRecord {
  if (kind === 'mx') return { priority: reply.readUInt16BE(start), exchange: readName(reply, start + 2).name }
  if (kind !== 'txt') return { text: ipaddr.fromByteArray([...reply.subarray(start, end)]).toString() }
  const strings: string[] = []
  for (let at = start; at < end; at += reply[at]! + 1)
    strings.push(reply.toString('latin1', at + 1, Math.min(end, at + 1 + reply[at]!)))
  return { text: strings.join('') }
}

/** RFC 1035 §4.1.4; a pointer leads back, and not for ever. */
function readName(reply: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = []
  let at = start
  let end: number | undefined
  for (let steps = 0; steps < 128; steps++) {
    const length = reply.readUInt8(at)
    if (length === 0) return { name: labels.join('.'), end: end ?? at + 1 }
    if (length >= 0xc0) {
      end ??= at + 2
      at = reply.readUInt16BE(at) & 0x3fff
    } else {
      labels.push(reply.toString('latin1', at + 1, at + 1 + length))
      at += length + 1
    }
  }
  throw coded('EBADRESP')
}
