import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, type Answer, type Packet } from 'dns-packet'

/** What a name answers with; a fault in place of a list is the answer to that one type. */
export interface ZoneName {
  A?: string[] | Fault
  AAAA?: string[] | Fault
  /** As `'10 mail.example.org'`; null MX is `'0 .'`. */
  MX?: string[] | Fault
  /** Cut into strings of 255 octets; a list in the list states the strings itself. */
  TXT?: (string | string[])[] | Fault
  PTR?: string[] | Fault
  CNAME?: string[]
  /** As `'0 1 587 mail.example.org'`: priority, weight, port, target. */
  SRV?: string[] | Fault
}

export type Fault = 'SERVFAIL' | 'TIMEOUT' | 'REFUSED'

/** Names in lower case without the last dot; of an address, `2.0.0.192.in-addr.arpa`. A name that is not here, and no
 * name below which is here, does not exist. */
export type Zone = Record<string, ZoneName | Fault>

export interface NameServer extends AsyncDisposable {
  /** For `openResolver({ servers: [address] })`. */
  address: string
  /** May be changed while it runs; resolvers keep what they were told. */
  zone: Zone
  /** As `'TXT example.org'`, oldest first. */
  queries: string[]
}

type RecordType = keyof ZoneName

const codes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }

/** A name server over UDP on a port of 127.0.0.1 that the system picks. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4')
  const queries: string[] = []
  const server = { zone }
  socket.on('message', (bytes, peer) => {
    const query = decode(bytes)
    const question = query.questions?.[0]
    if (question === undefined) return
    queries.push(`${question.type} ${question.name.toLowerCase()}`)
    const reply = replyTo(server.zone, question.name.toLowerCase(), question.type as RecordType)
    if (reply === 'TIMEOUT') return
    socket.send(encodeReply(query, reply), peer.port, peer.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return Object.assign(server, {
    address: `127.0.0.1:${socket.address().port}`,
    queries,
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  })
}

interface Reply {
  code: number
  answers: Answer[]
}

function replyTo(zone: Zone, name: string, type: RecordType): Reply | 'TIMEOUT' {
  const answers: Answer[] = []
  for (let at = name, hops = 0; hops < 10; hops++) {
    const entry = zone[at]
    if (entry === undefined)
      return { code: isNonTerminal(zone, at) ? codes.NOERROR : codes.NXDOMAIN, answers }
    if (typeof entry === 'string') return faultReply(entry)
    const alias = entry.CNAME?.[0]
    if (alias !== undefined) answers.push({ type: 'CNAME', name: at, ttl: 60, data: alias })
    if (alias === undefined || type === 'CNAME') {
      const records = type === 'CNAME' ? undefined : entry[type]
      if (typeof records === 'string') return faultReply(records)
      return {
        code: codes.NOERROR,
        answers: [...answers, ...(records ?? []).map((data) => answerOf(type, at, data))],
      }
    }
    at = alias.toLowerCase()
  }
  return { code: codes.SERVFAIL, answers: [] }
}

/** A name without records below which there is one (RFC 8020). */
function isNonTerminal(zone: Zone, name: string): boolean {
  return Object.keys(zone).some((other) => other.endsWith(`.${name}`))
}

function faultReply(fault: Fault): Reply | 'TIMEOUT' {
  return fault === 'TIMEOUT' ? fault : { code: codes[fault], answers: [] }
}

function answerOf(type: RecordType, name: string, data: string | string[]): Answer {
  const record = { name, ttl: 60 }
  if (type === 'TXT') return { ...record, type, data: characterStrings(data) }
  const words = String(data).split(' ')
  if (type === 'MX') return { ...record, type, data: { preference: Number(words[0]), exchange: words[1]! } }
  if (type === 'SRV') {
    const [priority, weight, port] = words.map(Number)
    return { ...record, type, data: { priority: priority!, weight: weight!, port: port!, target: words[3]! } }
  }
  return { ...record, type, data: String(data) } as Answer
}

function characterStrings(data: string | string[]): Buffer[] {
  if (Array.isArray(data)) return data.map((text) => Buffer.from(text, 'latin1'))
  const bytes = Buffer.from(data, 'latin1')
  const count = Math.max(1, Math.ceil(bytes.length / 255))
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * 255, index * 255 + 255))
}

function encodeReply(query: Packet, { code, answers }: Reply): Buffer {
  const recursive = 0x0180 // recursion desired and available
  const { id, questions } = query
  return encode({ type: 'response', id, flags: recursive | code, questions, answers } as Packet)
}
