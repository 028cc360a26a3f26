/**
 * A process of its own that brings letters to an SMTP server: so many sessions, each one letter after another, a command
 * at a time as `smtp-source` does. Told `prepare`, it composes; told `send`, it sends and gives the milliseconds that took.
 */
import { connect } from 'node:net'
import { once } from 'node:events'
import { composeLetters, senderDomain } from './letters.ts'

export interface Prepare {
  kind: 'prepare'
  first: number
  count: number
  privateKey: string
  recipients: string[]
}

export interface Send {
  kind: 'send'
  port: number
  sessions: number
}

let letters: Buffer[] = []
let recipients: string[] = []
let first = 0

process.on('message', (told: Prepare | Send) => {
  const work = told.kind === 'prepare' ? prepare(told) : send(told)
  work.then(
    (answer) => process.send!({ answer }),
    (error: unknown) => process.send!({ error: String(error) }),
  )
})

async function prepare(told: Prepare): Promise<number> {
  ;({ first, recipients } = told)
  letters = await composeLetters(first, told.count, told.privateKey, recipientOf)
  return letters.reduce((sum, { length }) => sum + length - 3, 0)
}

function recipientOf(index: number): string {
  return recipients[index % recipients.length]!
}

async function send({ port, sessions }: Send): Promise<number> {
  let next = 0
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: sessions }, () => session(port, () => next++)))
  return performance.now() - startedAt
}

async function session(port: number, take: () => number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const answers = answersOf(socket)
  const command = async (line: string | Buffer, code: string) => {
    socket.write(line)
    const answer = await answers()
    if (!answer.startsWith(code)) throw new Error(`${line.slice(0, 60)} is answered ${answer}`)
  }
  await once(socket, 'connect')
  await answers()
  await command(`EHLO mail.${senderDomain}\r\n`, '250')
  for (let index = take(); index < letters.length; index = take()) {
    await command(`MAIL FROM:<person${(first + index) % 97}@${senderDomain}>\r\n`, '250')
    await command(`RCPT TO:<${recipientOf(first + index)}>\r\n`, '250')
    await command('DATA\r\n', '354')
    await command(letters[index]!, '250')
  }
  socket.end('QUIT\r\n')
}

/** One after another, the last line of each. */
function answersOf(socket: ReturnType<typeof connect>): () => Promise<string> {
  let held = ''
  let waiting: { resolve(line: string): void; reject(error: Error): void } | undefined
  const check = () => {
    const end = /^(?:\d{3}-.*\r\n)*(\d{3}(?: .*)?)\r\n/.exec(held)
    if (!end || !waiting) return
    held = held.slice(end[0].length)
    const { resolve } = waiting
    waiting = undefined
    resolve(end[1]!)
  }
  socket.on('data', (bytes) => {
    held += bytes.toString('latin1')
    check()
  })
  socket.on('error', (error) => waiting?.reject(error))
  socket.on('close', () => waiting?.reject(new Error('the server closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      waiting = { resolve, reject }
      check()
    })
}
