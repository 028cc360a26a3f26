/** Messages that rules and settings send: short ones, of text alone, of which nobody keeps a copy. */
import { v4 } from 'uuid'
import type { Database } from '#platform/database/database.ts'
import { takeIn } from '../arrival/take-in.ts'
import { submit } from '../delivery/submit.ts'
import type { MailAddress } from '../mime/message.ts'
import { buildMessage, needsUtf8, type OutgoingMessage } from '../mime/write.ts'
import type { Context } from '../settings.ts'

export interface Post {
  from: MailAddress
  to: string
  subject: string
  text: string
  inReplyTo?: string[]
  references?: string[]
  headers?: { name: string; value: string }[]
}

const mostBytes = 256 * 1024

/** `announceQueue` is for when the transaction has committed. `sender`: of the envelope; empty where nobody is to hear of it. */
export async function postMessage(
  { blobs }: Pick<Context, 'blobs'>,
  tx: Database,
  { to, ...post }: Post,
  sender: string,
): Promise<void> {
  const domain = post.from.address.slice(post.from.address.lastIndexOf('@') + 1)
  const message: OutgoingMessage = {
    ...post,
    to: [{ name: '', address: to }],
    cc: [],
    date: new Date(),
    messageId: `${v4()}@${domain}`,
    attachments: [],
  }
  const built = buildMessage({ ...message, utf8: needsUtf8(message) })
  const { blob, sizeBytes } = await takeIn(blobs, built, mostBytes)
  await submit(tx, { blob, sizeBytes, sender }, [
    { address: to, ...(sender === '' && { notify: 'NEVER' as const }) },
  ])
}
