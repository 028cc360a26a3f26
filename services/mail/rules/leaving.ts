/** Leaving lists. */
import { v7 } from 'uuid'
import { announceQueue } from '../delivery/submit.ts'
import { parseHeader } from '../mime/header.ts'
import type { HeaderField } from '../mime/message.ts'
import { accountOf } from '../reading/account.ts'
import { openBlob } from '../reading/stored.ts'
import type { Calls, Context } from '../settings.ts'
import { addressesOf } from '../store/addresses.ts'
import { findMessage, type StoredMessage } from '../store/reading.ts'
import { claimUnsubscriptions, endUnsubscription, insertUnsubscription } from '../store/unsubscriptions.ts'
import { postOneClick, type OneClickOptions } from './one-click.ts'
import { postMessage } from './posting.ts'
import { wayOut } from './unsubscribe.ts'

const headerBytes = 256 * 1024
const mostAttempts = 3
const atOnce = 20

export const leavingCalls: Pick<Calls, 'unsubscribe'> = {
  async unsubscribe({ messageId }, context) {
    const account = await accountOf(context)
    const message = (await findMessage(context.tx, account.id, messageId)) ?? context.fail('notFound')
    const way = message.isOwn ? undefined : wayOut(await headersOf(context, message), message.authentication)
    if (!way) return context.fail('cannotUnsubscribe', 'The message does not say how to leave its list.')
    if (way.by === 'oneClick') {
      const id = await insertUnsubscription(context.tx, {
        id: v7(),
        accountId: account.id,
        messageId,
        url: way.url,
      })
      const { own } = context
      if (id !== undefined) context.afterCommit(() => void leaveLists(own, { id }))
      return { by: 'oneClick' }
    }
    const own = await addressesOf(context.tx, account.id)
    const named = [...message.to, ...message.cc].map(({ address }) => address.toLowerCase())
    const from = own.find((address) => named.includes(address)) ?? account.address
    const { to, subject, text } = way
    await postMessage(
      context,
      context.tx,
      { from: { name: account.name, address: from }, to, subject, text },
      from,
    )
    context.afterCommit(() => announceQueue(context.signals))
    return { by: 'mail' }
  },
}

/** A job: requests that were not made, or not answered, when somebody wanted to leave. Never throws. */
export async function leaveLists(
  { db, log }: Pick<Context, 'db' | 'log'>,
  { id }: { id?: string } = {},
  options: OneClickOptions = {},
): Promise<void> {
  try {
    const due = await claimUnsubscriptions(db, { ...(id !== undefined && { id }), limit: atOnce })
    await Promise.all(
      due.map(async ({ id, url, attempts }) => {
        const outcome = await postOneClick(url, options)
        const isOver = outcome.state === 'done' || outcome.isFinal || attempts >= mostAttempts
        await endUnsubscription(db, id, { state: isOver ? outcome.state : 'waiting', answer: outcome.answer })
        log.info(
          { unsubscriptionId: id, state: outcome.state, answer: outcome.answer },
          'asked to leave a list',
        )
      }),
    )
  } catch (error) {
    log.warn({ err: error }, 'lists will be left later')
  }
}

async function headersOf({ blobs }: Pick<Context, 'blobs'>, { blob }: StoredMessage): Promise<HeaderField[]> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of (await openBlob(blobs, blob)) as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= headerBytes) break
  }
  const head = Buffer.concat(chunks).subarray(0, headerBytes)
  const end = head.indexOf('\r\n\r\n')
  return parseHeader(end < 0 ? head : head.subarray(0, end + 2)).fields
}
