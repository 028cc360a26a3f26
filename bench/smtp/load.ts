/** Brings letters to a contender and measures until every one of them is in its mailbox. */
import { execFile, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Contender } from './contenders.ts'
import { letterBytes, senderDomain } from './letters.ts'
import type { Prepare, Send } from './sender.ts'

const deliveryTimeoutMs = 120_000

export interface Load extends AsyncDisposable {
  /** Messages a second, each of its own text. */
  letters(contender: Contender): Promise<number>
  /** Messages a second of those that Postfix's `smtp-source` makes up. */
  smtpSource(contender: Contender): Promise<number>
  /** Raw bytes brought so far, by contender. */
  rawBytes: Map<Contender, number>
}

export interface LoadOptions {
  sessions: number
  messages: number
  recipients: string[]
  privateKey: string
}

export function openLoad({ sessions, messages, recipients, privateKey }: LoadOptions): Load {
  const sender = fork(join(import.meta.dirname, 'sender.ts'))
  const rawBytes = new Map<Contender, number>()
  let first = 0
  return {
    rawBytes,
    async letters(contender) {
      const bytes = await ask(sender, { kind: 'prepare', first, count: messages, privateKey, recipients })
      first += messages
      rawBytes.set(contender, (rawBytes.get(contender) ?? 0) + bytes)
      return untilDelivered(contender, messages, () =>
        ask(sender, { kind: 'send', port: contender.port, sessions }),
      )
    },
    smtpSource(contender) {
      const amount = ['-d', '-s', String(sessions), '-m', String(messages), '-l', String(letterBytes)]
      const names = ['-f', `person@${senderDomain}`, '-t', recipients[0]!, '-M', `mail.${senderDomain}`]
      const words = [...amount, ...names, `127.0.0.1:${contender.port}`]
      return untilDelivered(contender, messages, () => promisify(execFile)('smtp-source', words))
    },
    async [Symbol.asyncDispose]() {
      sender.kill()
      await once(sender, 'exit')
    },
  }
}

async function untilDelivered(
  contender: Contender,
  count: number,
  send: () => Promise<unknown>,
): Promise<number> {
  const wanted = (await contender.delivered()) + count
  const startedAt = performance.now()
  await send()
  for (let delivered = 0; delivered < wanted; delivered = await contender.delivered()) {
    if (performance.now() - startedAt > deliveryTimeoutMs)
      throw new Error(`${wanted - delivered} of ${count} messages did not come`)
    await sleep(5)
  }
  return (count * 1000) / (performance.now() - startedAt)
}

async function ask(sender: ChildProcess, told: Prepare | Send): Promise<number> {
  sender.send(told)
  const [{ answer, error }] = (await once(sender, 'message')) as [{ answer: number; error?: string }]
  if (error !== undefined) throw new Error(error)
  return answer
}
