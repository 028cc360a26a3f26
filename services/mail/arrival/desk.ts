/**
 * Where mail comes in, from wherever: judged for each account that gets it, then put into its mailboxes. What comes at
 * the same time is written in one transaction; it is answered for once that has committed.
 */
import { Readable } from 'node:stream'
import { groupCommit } from '#platform/group-commit.ts'
import { mail } from '#contracts/mail.ts'
import type { Authentication as AuthenticationView } from '#contracts/mail/messages.ts'
import type { Authentication } from '../authentication/verify.ts'
import { announceChanges } from '../reading/account.ts'
import { openBlob } from '../reading/stored.ts'
import type { Context } from '../settings.ts'
import { insertMessages, SweptBlobs, type NewMessage, type Outcome } from '../store/arrivals.ts'
import type { Database } from '#platform/database/database.ts'
import type { TakenIn } from './take-in.ts'

/** What came with a message. */
export interface Arrival {
  taken: TakenIn
  /** Envelope sender; empty for the null sender. */
  sender: string
  receivedAt: Date
  /** Undefined for what was written here. */
  client?: Client
  authentication?: Authentication
  /** Header fields that a submission of ours has before its bytes, such as its signature. */
  prefix?: string
}

export interface Client {
  address: string
  helo: string
  /** The name of the address that leads back to it. */
  hostName: string | undefined
  tls: string | undefined
  isExtended: boolean
  isUtf8: boolean
}

/** A message for one account, with what is to be written in the same transaction once it is kept. */
export interface Posting {
  message: NewMessage
  afterKept?: (tx: Database, kept: Extract<Outcome, { state: 'kept' }>) => Promise<void>
}

export interface Desk {
  /** Outcomes in the order of the postings, of which all belong to one message. */
  post(postings: readonly Posting[], bytes: Buffer | undefined): Promise<Outcome[]>
}

const mostAtOnce = 200

interface Batch {
  postings: readonly Posting[]
  bytes: Buffer | undefined
  outcomes: Outcome[]
}

/** `onKept` hears of messages once they are committed. */
export function openDesk(
  context: Context,
  onKept: (kept: readonly { id: string; message: NewMessage }[]) => void,
): Desk {
  const { bus, signals } = context

  async function write(batches: Batch[]): Promise<void> {
    const postings = batches.flatMap((batch) => batch.postings)
    const outcomes = await keep(context, postings)
    bus.committed()
    const kept = outcomes.flatMap((outcome, index) =>
      outcome.state === 'kept' ? [{ id: outcome.id, message: postings[index]!.message }] : [],
    )
    const accountIds = new Set(kept.map(({ message }) => message.accountId))
    for (const accountId of accountIds) announceChanges(signals, accountId)
    onKept(kept)
    let at = 0
    for (const batch of batches) {
      batch.outcomes = outcomes.slice(at, at + batch.postings.length)
      at += batch.postings.length
    }
  }

  const together = groupCommit(
    async (batches: Batch[]) => {
      for (let tries = 0; ; tries++) {
        try {
          return await write(batches)
        } catch (error) {
          if (!(error instanceof SweptBlobs) || tries > 2) throw error
          await restore(context, error.blobs, batches)
        }
      }
    },
    { group: mostAtOnce, waiting: 5_000 },
  )
  return {
    async post(postings, bytes) {
      const batch: Batch = { postings, bytes, outcomes: [] }
      await together(batch)
      return batch.outcomes
    },
  }
}

function keep({ db, bus }: Context, postings: readonly Posting[]): Promise<Outcome[]> {
  return db.transaction().execute(async (tx) => {
    const outcomes = await insertMessages(
      tx,
      postings.map(({ message }) => message),
    )
    const arrived = []
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.state !== 'kept') continue
      const { message, afterKept } = postings[index]!
      await afterKept?.(tx, outcome)
      const { accountId, category, spam } = message
      const { id: messageId, threadId } = outcome
      arrived.push({ accountId, messageId, threadId, verdict: spam?.verdict ?? 'ham', category })
    }
    await bus.publish(tx, mail.events.messageArrived, arrived)
    return outcomes
  })
}

/** What was stored of them was swept before it was referred to. */
async function restore(
  { blobs }: Context,
  swept: readonly string[],
  batches: readonly Batch[],
): Promise<void> {
  for (const { postings, bytes } of batches)
    for (const { message } of postings)
      if (swept.includes(message.blob))
        await blobs.put(bytes ?? Readable.from(await openBlob(blobs, message.blob)))
}

/** As pages show it. */
export function authenticationView(
  { spf, dkim, dmarc, arc }: Authentication,
  client: Client,
): AuthenticationView {
  return {
    spf: { result: spf.result, domain: spf.domain },
    dkim: dkim
      .slice(0, 10)
      .map(({ result, domain, selector, aligned }) => ({ result, domain, selector, isAligned: aligned })),
    dmarc: { result: dmarc.result, domain: dmarc.domain, policy: dmarc.policy },
    arc: { result: arc.result, sealers: arc.sealers.slice(0, 10).map(({ domain }) => domain) },
    client: {
      address: client.address,
      name: client.hostName ?? client.helo,
      isEncrypted: client.tls !== undefined,
    },
  }
}
