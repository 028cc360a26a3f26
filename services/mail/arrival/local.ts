/** What was written here for people here: it is judged and kept as any mail, but nobody has to prove who wrote it. */
import { Readable } from 'node:stream'
import type { ParsedMessage } from '../mime/message.ts'
import { parseMessage } from '../mime/parse.ts'
import { openBlob, readStored } from '../reading/stored.ts'
import type { Context } from '../settings.ts'
import { resolveAddress } from '../store/addresses.ts'
import type { Arrivals, Destination } from './arrive.ts'
import type { Arrival } from './desk.ts'

export interface LocalDelivery {
  blob: string
  prefix: string
  sender: string
  recipients: readonly string[]
}

export interface LocalOutcome {
  address: string
  outcome: 'delivered' | 'failed' | 'later'
  answer: string
}

export function deliverHere({ db, blobs }: Context, arrivals: Arrivals) {
  return async ({ blob, prefix, sender, recipients }: LocalDelivery): Promise<LocalOutcome[]> => {
    const found = await Promise.all(recipients.map((address) => resolveAddress(db, address.toLowerCase())))
    const known = recipients.flatMap((address, index): Destination[] => {
      const destination = found[index]
      return destination === undefined || destination === 'foreign' ? [] : [{ address, ...destination }]
    })
    const outcomes = new Map<string, LocalOutcome>()
    if (known.length > 0) {
      const parsed = completed(await readStored(blobs, blob), prefix)
      const open = () => Readable.from(contentOf(blob), { objectMode: false })
      const taken = { blob, sizeBytes: parsed.sizeBytes, parsed, bytes: undefined, open }
      const arrival: Arrival = { taken, sender, receivedAt: new Date(), prefix }
      const judged = await arrivals.judgeAll(arrival, known)
      const states = await arrivals.deliver(arrival, known, judged)
      for (const [index, { address }] of known.entries())
        outcomes.set(address, answerOf(address, states[index]!))
    }
    return recipients.map((address) => outcomes.get(address) ?? answerOf(address, 'noAccount'))
  }

  async function* contentOf(blob: string): AsyncGenerator<Buffer> {
    yield* (await openBlob(blobs, blob)) as AsyncIterable<Buffer>
  }
}

/** With what a mail program left to us, which stands in the prefix. */
function completed(parsed: ParsedMessage, prefix: string): ParsedMessage {
  const { messageId, sentAt } = parseMessage(Buffer.from(`${prefix}\r\n`))
  return { ...parsed, messageId: parsed.messageId ?? messageId, sentAt: parsed.sentAt ?? sentAt }
}

function answerOf(address: string, state: 'delivered' | 'full' | 'noAccount'): LocalOutcome {
  if (state === 'delivered') return { address, outcome: 'delivered', answer: '250 2.0.0 kept' }
  if (state === 'full') return { address, outcome: 'later', answer: '452 4.2.2 This mailbox is full.' }
  return { address, outcome: 'failed', answer: '550 5.1.1 Nobody here has this address.' }
}
