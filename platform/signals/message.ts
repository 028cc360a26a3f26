import { z } from 'zod'

export type Signal = [topic: string, payload: string]

/** NOTIFY takes less than 8000 bytes: https://www.postgresql.org/docs/current/sql-notify.html */
const maxMessageBytes = 7_999

/** What travels between processes, as JSON. */
const Message = z.object({ sender: z.string(), signals: z.array(z.tuple([z.string(), z.string()])) })

/** As few messages as hold all signals. */
export function encodeMessages(sender: string, signals: Signal[]): string[] {
  const envelopeBytes = Buffer.byteLength(JSON.stringify({ sender, signals: [] }))
  const batches: Signal[][] = []
  let room = 0
  for (const signal of signals) {
    const bytes = Buffer.byteLength(JSON.stringify(signal)) + 1
    if (bytes > room) {
      batches.push([])
      room = maxMessageBytes - envelopeBytes
    }
    batches.at(-1)?.push(signal)
    room -= bytes
  }
  return batches.map((batch) => JSON.stringify({ sender, signals: batch }))
}

/** Undefined when it is none of ours. */
export function decodeMessage(text: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
