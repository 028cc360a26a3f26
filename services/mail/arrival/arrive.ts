/** A message comes to people here: judged for each, written for all. */
import type { Database } from '#platform/database/database.ts'
import type { FilterActions } from '#contracts/mail/settings.ts'
import type { Category } from '#contracts/mail/messages.ts'
import { readBounce, recordBounce } from '../delivery/bounces.ts'
import { announceQueue, submit } from '../delivery/submit.ts'
import type { ParsedMessage } from '../mime/message.ts'
import { serverName, type Context } from '../settings.ts'
import type { Outcome } from '../store/arrivals.ts'
import { hasOwnMessage } from '../store/reading.ts'
import type { Account, Addressees } from './addressees.ts'
import { authenticationView, type Arrival, type Desk, type Posting } from './desk.ts'
import { judge, placesOf, type Verdict } from './judging.ts'
import type { TakenIn } from './take-in.ts'
import { traceOf } from './trace.ts'

/** Who gets it: an address as it was named, and what stands behind it. */
export interface Destination {
  address: string
  accountIds: readonly string[]
  forwardTo: readonly string[]
}

/** What a person's filters, forwarding and vacation do with a message. */
export interface Rules {
  actionsFor(
    account: Account,
    message: ParsedMessage,
    facts: { category: Category; isSpam: boolean },
  ): Promise<FilterActions | undefined>
  /** In the transaction that keeps it. */
  afterKept(tx: Database, kept: Kept): Promise<void>
}

export interface Kept {
  account: Account
  arrival: Arrival
  verdict: Verdict
  isSpam: boolean
  actions: FilterActions | undefined
  outcome: Extract<Outcome, { state: 'kept' }>
}

export type ArrivalOutcome = 'delivered' | 'noAccount' | 'full'

export interface Arrivals {
  /** Verdicts by account: the door may refuse what every account would call certain spam. */
  judgeAll(arrival: Arrival, destinations: readonly Destination[]): Promise<Judged>
  /** Resolves when it is durable; outcomes in the order of the destinations. */
  deliver(arrival: Arrival, destinations: readonly Destination[], judged: Judged): Promise<ArrivalOutcome[]>
}

export type Judged = ReadonlyMap<string, { account: Account; verdict: Verdict }>

export function openArrivals(context: Context, desk: Desk, addressees: Addressees, rules: Rules): Arrivals {
  return {
    async judgeAll(arrival, destinations) {
      const ids = [...new Set(destinations.flatMap(({ accountIds }) => accountIds))]
      const judged = await Promise.all(ids.map((id) => judgeFor(context, addressees, id, arrival)))
      return new Map(ids.flatMap((id, index) => (judged[index] ? [[id, judged[index]]] : [])))
    },
    async deliver(arrival, destinations, judged) {
      const each = [...judged.values()]
      const postings = await Promise.all(each.map((one) => postingFor(context, rules, one, arrival)))
      const outside = [...new Set(destinations.flatMap(({ forwardTo }) => forwardTo))]
      const [outcomes] = await Promise.all([
        postings.length === 0 ? [] : desk.post(postings, arrival.taken.bytes),
        outside.length === 0 ? undefined : passOn(context, arrival, outside),
      ])
      const states = new Map(
        postings.map(({ message }, index) => [message.accountId, outcomes[index]!.state]),
      )
      return destinations.map((destination) => outcomeOf(destination, states))
    },
  }
}

function outcomeOf(
  { accountIds, forwardTo }: Destination,
  states: ReadonlyMap<string, Outcome['state']>,
): ArrivalOutcome {
  const found = accountIds.map((id) => states.get(id) ?? 'noAccount')
  if (forwardTo.length > 0 || found.some((state) => state === 'kept' || state === 'duplicate'))
    return 'delivered'
  return found.includes('full') ? 'full' : 'noAccount'
}

async function judgeFor({ db }: Context, addressees: Addressees, accountId: string, arrival: Arrival) {
  const { parsed } = arrival.taken
  const account = await addressees.account(accountId)
  if (!account) return undefined
  const from = parsed.envelope.from[0]?.address.toLowerCase() ?? ''
  const [sender, ownDomains, answersOurs] = await Promise.all([
    addressees.sender(accountId, from),
    addressees.domains(),
    parsed.inReplyTo.length === 0 ? false : hasOwnMessage(db, accountId, parsed.inReplyTo),
  ])
  const to = { accountId, ownAddresses: account.addresses, sender, models: account.models, answersOurs }
  return { account, verdict: judge(arrival, to, ownDomains) }
}

async function postingFor(
  { settings, blobs }: Context,
  rules: Rules,
  { account, verdict }: { account: Account; verdict: Verdict },
  arrival: Arrival,
): Promise<Posting> {
  const { taken, client, authentication, receivedAt, prefix = '' } = arrival
  const { category, categoryReasons, spam } = verdict
  const isJudgedSpam = spam.verdict === 'spam' || spam.verdict === 'certainSpam'
  const actions = await rules.actionsFor(account, taken.parsed, { category, isSpam: isJudgedSpam })
  const roles = placesOf(verdict, actions)
  const isSpam = roles.includes('junk')
  const bounce =
    client && (await readBounce(taken.parsed, (start, end) => readBytes(blobs, taken, start, end)))
  const trace = traceOf({
    sender: arrival.sender,
    deliveredTo: account.addresses[0] ?? '',
    client: client && { ...client, name: client.hostName },
    server: serverName(settings),
    id: `${receivedAt.getTime().toString(36)}.${taken.blob.slice(0, 12)}`,
    receivedAt,
    authenticationResults: authentication?.header ?? '',
  })
  return {
    message: {
      accountId: account.id,
      blob: taken.blob,
      trace: trace + prefix,
      parsed: taken.parsed,
      receivedAt,
      roles,
      isSeen: actions?.markSeen ?? false,
      isFlagged: actions?.flag ?? false,
      labelIds: isSpam || actions?.moveTo === 'trash' ? [] : (actions?.labelIds ?? []),
      category: actions?.category ?? category,
      categoryReasons: actions?.category ? [{ code: 'yourFilter', parameters: {} }] : categoryReasons,
      spam,
      ...(authentication && client && { authentication: authenticationView(authentication, client) }),
    },
    async afterKept(tx, outcome) {
      if (bounce) await recordBounce(tx, bounce, account.addresses[0] ?? '')
      await rules.afterKept(tx, { account, arrival, verdict, isSpam, actions, outcome })
    },
  }
}

async function readBytes(
  blobs: Context['blobs'],
  { blob, bytes }: TakenIn,
  start: number,
  end: number,
): Promise<Buffer> {
  if (bytes) return bytes.subarray(start, end)
  const chunks: Buffer[] = []
  for await (const chunk of (await blobs.get(blob, { start, end })) ?? []) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** To members of a group who are elsewhere. Bounces go to whoever sent it. */
async function passOn(
  { db, signals }: Context,
  { taken, sender, prefix }: Arrival,
  addresses: readonly string[],
): Promise<void> {
  await db.transaction().execute((tx) =>
    submit(
      tx,
      {
        blob: taken.blob,
        sizeBytes: taken.sizeBytes,
        sender,
        signature: '',
        ...(prefix !== undefined && { prefix }),
      },
      addresses.map((address) => ({ address })),
    ),
  )
  announceQueue(signals)
}
