import type { Outcome } from '../store/recipients.ts'
import { replyText } from './client/reply.ts'

export interface LocalMail {
  blob: string
  /** Header fields to stand before it. */
  prefix: string
  sender: string
  recipients: string[]
  /** The same one may come again where a process was killed: who has it already has been given it. */
  submissionId: string
}

export interface LocalOutcome {
  address: string
  outcome: 'delivered' | 'failed' | 'later'
  /** Such as `550 5.1.1 No such person here`. */
  answer: string
}

/** Puts a message into mailboxes here. Gives an outcome for each recipient. */
export type DeliverHere = (mail: LocalMail) => Promise<LocalOutcome[]>

const states = { delivered: 'delivered', failed: 'failed', later: 'delayed' } as const

/** Recipients without an outcome are tried again. */
export function localOutcomes(mail: LocalMail, given: readonly LocalOutcome[], hostName: string): Outcome[] {
  const byAddress = new Map(given.map((one) => [one.address, one]))
  return mail.recipients.map((address) => {
    const { outcome, answer } = byAddress.get(address) ?? { outcome: 'later' as const, answer: later }
    const digit = { delivered: '2', failed: '5', later: '4' }[outcome]
    const status = new RegExp(String.raw`^(?:\d{3} )?(${digit}\.\d{1,3}\.\d{1,3})(?= |$)`).exec(answer)?.[1]
    return {
      address,
      state: states[outcome],
      server: hostName,
      answer,
      status: status ?? `${digit}.0.0`,
      tls: undefined,
      tlsPolicy: undefined,
    }
  })
}

const later = replyText({ code: 451, status: '4.3.0', lines: ['It could not be delivered now'] })
