/** Another server that has no end of letters, knows what was answered 250, and brings again what was not. */
import { setTimeout as sleep } from 'node:timers/promises'
import { dial } from '#services/mail/smtp/testing.ts'
import type { KeptMessage } from './kept-messages.ts'

export interface LetterFlood {
  /** Message-ID and recipients. */
  answered: Map<string, string[]>
  /** Answers to messages or their recipients that were not 250. */
  refusals: string[]
  /** Messages for which no answer came. */
  readonly lost: number
  /** Until the server is gone for good, or `stop`. */
  send(port: number, sessions: number): Promise<void>
  stop(): void
  /** Until each is answered 250. */
  sendUnanswered(port: number): Promise<void>
  /** What of that which was answered is not there, or twice; and what is there of what was never brought. */
  notKeptOnce(kept: readonly KeptMessage[]): string[]
}

interface Letter {
  id: string
  recipients: string[]
  content: Buffer
}

const goneAfterMs = 500

export function openLetterFlood(people: readonly string[]): LetterFlood {
  const answered = new Map<string, string[]>()
  const refusals: string[] = []
  const unanswered: Letter[] = []
  let made = 0
  let lost = 0
  let isStopped = false

  function nextLetter(): Letter {
    const again = unanswered.shift()
    if (again) return again
    const id = `flood-${++made}`
    const recipients = made % 5 === 0 ? [...people] : [people[made % people.length]!]
    return { id, recipients, content: oneLetter(id, recipients.join(', '), `Letter ${made}\r\n`.repeat(50)) }
  }

  async function session(port: number, isOver: () => boolean): Promise<void> {
    using client = await dial(port)
    await client.command('EHLO flood.example', 250)
    while (!isOver()) {
      const letter = nextLetter()
      try {
        await client.mail('flood@sender.example', letter.recipients, letter.content.subarray(0, -2))
        answered.set(`${letter.id}@sender.example`, letter.recipients)
      } catch (error) {
        unanswered.push(letter)
        const answer = /^\d{3} [^\n]*/.exec((error as Error).message)?.[0]
        if (answer === undefined) {
          lost++
          throw error
        }
        refusals.push(answer)
        // What is told to come again does not come at once.
        await sleep(20)
        await client.command('RSET', 250)
      }
    }
    await client.command('QUIT', 221)
  }

  async function keepOn(port: number, isOver: () => boolean): Promise<void> {
    for (let reachedAt = Date.now(); !isOver() && Date.now() - reachedAt < goneAfterMs;)
      try {
        const before = answered.size
        await session(port, isOver)
        if (answered.size > before) reachedAt = Date.now()
      } catch (error) {
        const isRefused = (error as NodeJS.ErrnoException).message.includes(
          'the connection closed before 220',
        )
        if (!isRefused) reachedAt = Date.now()
        await sleep(50)
      }
  }

  return {
    answered,
    refusals,
    get lost() {
      return lost
    },
    async send(port, sessions) {
      isStopped = false
      await Promise.all(Array.from({ length: sessions }, () => keepOn(port, () => isStopped)))
    },
    stop: () => (isStopped = true),
    async sendUnanswered(port) {
      const deadline = Date.now() + 30_000
      while (unanswered.length > 0 && Date.now() < deadline) await keepOn(port, () => unanswered.length === 0)
      if (unanswered.length > 0) throw new Error(`${unanswered.length} letters are never taken`)
    },
    notKeptOnce(kept) {
      const counts = new Map<string, number>()
      for (const { messageId, address } of kept) {
        const key = `${messageId} for ${address}`
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      const wanted = [...answered].flatMap(([id, recipients]) =>
        recipients.map((address) => `${id} for ${address}`),
      )
      return [
        ...wanted.filter((key) => counts.get(key) !== 1).map((key) => `${key}: ${counts.get(key) ?? 0}`),
        ...[...counts.keys()]
          .filter((key) => !wanted.includes(key))
          .map((key) => `${key}: never answered for`),
      ]
    },
  }
}

/** Ends with CR LF. */
export function oneLetter(id: string, to: string, body: string): Buffer {
  return Buffer.from(
    `From: Someone <someone@sender.example>\r\nTo: ${to}\r\nSubject: ${id}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0600\r\n` +
      `Message-ID: <${id}@sender.example>\r\n\r\n${body}${body.endsWith('\r\n') ? '' : '\r\n'}`,
  )
}
