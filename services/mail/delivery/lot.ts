/** One attempt at one lot, from the row in the queue to what has become of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import type { ServiceContext } from '#platform/service.ts'
import { announceQueue } from './submit.ts'
import type { Lookups } from '../authentication/resolver.ts'
import type { Lot } from '../store/queue.ts'
import { recordOutcomes, waitingRecipients, type Outcome, type RecipientRow } from '../store/recipients.ts'
import { countTlsResult, type TlsResult } from '../store/sts-policies.ts'
import { findSubmission, keepSignature, type SubmissionRow } from '../store/submissions.ts'
import { attempt, type AttemptEnd } from './attempt.ts'
import type { Timeouts } from './client/connection.ts'
import { contentOf, sevenBitContent, signatureOf, type Sign } from './content.ts'
import type { Destination } from './destination.ts'
import { dial, dialRelay, type Dialed, type DialFailure, type DialTools } from './dial.ts'
import { localOutcomes, type DeliverHere } from './local.ts'
import { countDelivery } from './meters.ts'
import { stsPolicy } from './mta-sts.ts'
import type { Relay } from './relay.ts'
import { routeTo } from './routing.ts'
import { settle } from './settle.ts'

export interface LotTools extends Pick<ServiceContext, 'db' | 'blobs' | 'signals' | 'log'> {
  deliverHere: DeliverHere
  resolver: Lookups
  hostName: string
  domain: string
  sign?: Sign | undefined
  relay: Relay | undefined
  isAllowed(address: string): boolean
  now(): number
  port: number
  httpsPort?: number | undefined
  roots?: SecureContextOptions['ca'] | undefined
  timeouts: Timeouts
  /** Breaks connections off: the process stops. */
  breaking: AbortSignal
}

type HeldTools = LotTools & { owner: string; mayEnd(): boolean }
type Stored = SubmissionRow & { blob: string }

/** Of the destination: `unreachable` ones count against it. Throws where nothing could be kept of what happened. */
export async function handleLot(
  lot: Lot,
  destination: Destination,
  tools: HeldTools,
): Promise<'success' | 'failure' | 'abandoned'> {
  const submission = await findSubmission(tools.db, lot.submissionId)
  if (!submission) return 'abandoned'
  const recipients = await waitingRecipients(tools.db, lot.submissionId, lot.domain)
  const end =
    recipients.length > 0 ? await tryLot(lot, submission, recipients, destination, tools) : 'reached'
  const hasTold = await kept(tools, () => settle(lot, submission, tools))
  if (hasTold) announceQueue(tools.signals)
  return end === 'reached' ? 'success' : 'failure'
}

async function tryLot(
  lot: Lot,
  submission: Stored,
  recipients: readonly RecipientRow[],
  destination: Destination,
  tools: HeldTools,
): Promise<AttemptEnd> {
  const recorded = new Set<string>()
  const record = async (outcomes: Outcome[]) => {
    for (const { address } of outcomes) recorded.add(address)
    await kept(tools, () => recordOutcomes(tools.db, lot.submissionId, outcomes))
    note(lot, outcomes, tools)
  }
  try {
    if (lot.isLocal) return await deliverLocally(submission, recipients, record, tools)
    return await deliverRemotely(lot, submission, recipients, destination, record, tools)
  } catch (error) {
    tools.log.error({ err: error, submissionId: lot.submissionId, domain: lot.domain }, 'an attempt failed')
    const left = recipients.filter(({ address }) => !recorded.has(address))
    const answer = 'The message could not be sent now: something is wrong here.'
    await record(
      left.map(({ address }) => ({ ...nowhere, address, state: 'delayed', answer, status: '4.3.0' })),
    )
    return 'reached'
  }
}

const nowhere = { server: undefined, tls: undefined, tlsPolicy: undefined }

async function deliverLocally(
  { id, blob, prefix, sender }: Stored,
  rows: readonly RecipientRow[],
  record: (outcomes: Outcome[]) => Promise<void>,
  { deliverHere, hostName }: LotTools,
): Promise<AttemptEnd> {
  const recipients = rows.map(({ address }) => address)
  const mail = { blob, prefix, sender, recipients, submissionId: id }
  await record(localOutcomes(mail, await deliverHere(mail), hostName))
  return 'reached'
}

async function deliverRemotely(
  { domain }: Lot,
  submission: Stored,
  recipients: readonly RecipientRow[],
  destination: Destination,
  record: (outcomes: Outcome[]) => Promise<void>,
  tools: HeldTools,
): Promise<AttemptEnd> {
  const { blobs, db, sign } = tools
  const content = await contentOf(blobs, submission)
  const signature =
    submission.signature ??
    (await keepSignature(db, submission.id, await signatureOf(sign, submission, content)))
  return attempt({
    submission,
    recipients,
    content,
    signature,
    async toSevenBit() {
      const converted = await sevenBitContent(blobs, submission)
      return { content: converted, signature: await signatureOf(sign, submission, converted) }
    },
    reuse: () => destination.reuse(),
    release: (dialed) => destination.release(dialed),
    dial: () => reach(domain, tools),
    record,
    mayEnd: () => tools.mayEnd(),
  })
}

async function reach(domain: string, tools: LotTools): Promise<Dialed | DialFailure> {
  const { db, log, now, hostName, timeouts, roots, breaking, port } = tools
  const results: Omit<TlsResult, 'domain'>[] = []
  const dialTools: DialTools = {
    port,
    connection: { hostName: hostName.toLowerCase(), timeouts, roots, signal: breaking },
    note: (result) => void results.push(result),
  }
  if (tools.relay) return dialRelay(tools.relay, dialTools)
  const route = await routeTo(domain, { ...tools, hostName: hostName.toLowerCase() })
  if ('status' in route) return { ...route, server: undefined, isUnreachable: false }
  const dialed = await dial(route.hosts, await stsPolicy(domain, tools), dialTools)
  for (const result of results)
    await countTlsResult(db, new Date(now()), { domain, ...result }).catch((error: unknown) =>
      log.warn({ err: error }, 'how TLS went could not be kept'),
    )
  return dialed
}

const keepPauseMs = 500
const keepMs = 600_000
/** The same, when the process stops. */
const keepAtStopMs = 10_000

/** What has happened is kept as soon as the database answers again: a message that left must not leave again. */
async function kept<T>({ log, breaking }: LotTools, keep: () => Promise<T>): Promise<T> {
  for (const startedAt = performance.now(); ;) {
    try {
      return await keep()
    } catch (error) {
      const tried = performance.now() - startedAt
      if (tried > (breaking.aborted ? keepAtStopMs : keepMs)) throw error
      log.warn({ err: error }, 'what became of a message could not be kept yet')
      await sleep(keepPauseMs)
    }
  }
}

function note({ submissionId, domain }: Lot, outcomes: readonly Outcome[], { log }: LotTools): void {
  for (const { state } of outcomes) countDelivery(state)
  const { server, answer, tls } = outcomes[0] ?? {}
  const states = Object.groupBy(outcomes, ({ state }) => state)
  const counts = Object.fromEntries(Object.entries(states).map(([state, some]) => [state, some.length]))
  log.info({ submissionId, domain, server, tls, answer, ...counts }, 'tried to deliver')
}
