/** A person's rules at work on mail that comes in. */
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { Database } from '#platform/database/database.ts'
import type { Kept, Rules } from '../arrival/arrive.ts'
import { receivedField } from '../arrival/trace.ts'
import { announceQueue, submit } from '../delivery/submit.ts'
import { parseHeader } from '../mime/header.ts'
import { arriving } from '../search/match.ts'
import { serverName, type Context } from '../settings.ts'
import { lockAccounts } from '../store/accounts.ts'
import { isContact, noteReceived } from '../store/contacts.ts'
import { claimVacationAnswer } from '../store/rules.ts'
import { openRuleBook, type AccountRules } from './book.ts'
import { countForward, notYetPassed } from './forwarding.ts'
import { actionsFor, type MergedActions } from './judge.ts'
import { postMessage } from './posting.ts'
import { vacationAnswer } from './vacation.ts'

/** Who wrote is counted in one go for all that came within this time. */
const countingMs = 250

export type OpenRules = Rules & AsyncDisposable

export function openRules(context: Context): OpenRules {
  const { db, signals, log } = context
  const book = openRuleBook(db, signals)
  let senders: { accountId: string; name: string; address: string }[] = []
  let counting: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let wake: NodeJS.Timeout | undefined

  async function count(): Promise<void> {
    const counted = senders
    senders = []
    if (counted.length === 0) return
    const noted = db.transaction().execute(async (tx) => {
      await lockAccounts(tx, [...new Set(counted.map(({ accountId }) => accountId))])
      await noteReceived(tx, counted)
    })
    await noted.catch((error: unknown) => log.warn({ err: error }, 'senders were not counted'))
  }

  return {
    async actionsFor(account, message, { category, isSpam }): Promise<MergedActions | undefined> {
      const rules = await book.rulesFor(account.id)
      if (!rules || rules.filters.length === 0) return undefined
      const receivedAt = new Date()
      const { sizeBytes } = message
      return actionsFor(
        rules.filters,
        arriving(message, { sizeBytes, receivedAt, category, roles: placesOf(isSpam) }),
      )
    },
    async afterKept(tx, kept) {
      const { account, arrival } = kept
      const [author] = arrival.taken.parsed.envelope.from
      if (author && !kept.isSpam) senders.push({ accountId: account.id, ...author })
      timer ??= setTimeout(() => {
        timer = undefined
        counting = Promise.resolve(counting).then(count)
      }, countingMs)
      const rules = await book.rulesFor(account.id)
      if (!rules || !(await act(context, tx, rules, kept))) return
      // The transaction will have ended; the queue is looked through from time to time anyway.
      clearTimeout(wake)
      wake = setTimeout(() => announceQueue(signals), countingMs)
    },
    async [Symbol.asyncDispose]() {
      book[Symbol.dispose]()
      clearTimeout(timer)
      clearTimeout(wake)
      await counting
      await count()
    },
  }
}

function placesOf(isSpam: boolean): readonly MailboxRole[] {
  return isSpam ? ['junk'] : ['inbox', 'all']
}

/** Whether anything is to leave. */
async function act(context: Context, tx: Database, rules: AccountRules, kept: Kept): Promise<boolean> {
  const isForwarded = await forward(context, tx, rules, kept)
  const isAnswered = await answer(context, tx, rules, kept)
  return isForwarded || isAnswered
}

async function forward(context: Context, tx: Database, rules: AccountRules, kept: Kept): Promise<boolean> {
  const { account, arrival, isSpam } = kept
  if (isSpam) return false
  const actions = kept.actions as Partial<MergedActions> | undefined
  const wanted = [...rules.forwardsAllTo, ...(actions?.forwardsTo ?? [])]
  if (wanted.length === 0) return false
  const { client, receivedAt, prefix = '' } = arrival
  const { parsed, blob, sizeBytes } = arrival.taken
  // What was passed on within this house has its count before the bytes.
  const headers = [...parseHeader(Buffer.from(prefix)).fields, ...parsed.headers]
  const count = countForward(headers)
  const addresses = notYetPassed(headers, wanted).filter((each) => !rules.ownAddresses.includes(each))
  if (count === undefined || addresses.length === 0) return false
  const received = receivedField({
    client: client && { ...client, name: client.hostName },
    server: serverName(context.settings),
    id: kept.outcome.id,
    receivedAt,
  })
  await submit(
    tx,
    {
      blob,
      sizeBytes,
      prefix: `${count}${received}\r\nDelivered-To: ${rules.ownAddresses[0] ?? account.id}\r\n${prefix}`,
      signature: '',
      // Of our domain, as SPF asks for; what comes back is the person's to see.
      sender: arrival.sender === '' ? '' : (rules.ownAddresses[0] ?? ''),
    },
    addresses.map((address) => ({ address })),
  )
  return true
}

async function answer(context: Context, tx: Database, rules: AccountRules, kept: Kept): Promise<boolean> {
  const { vacation, ownAddresses } = rules
  if (!vacation) return false
  const { account, arrival, isSpam } = kept
  const sender = arrival.sender.toLowerCase()
  const facts = { vacation, message: arrival.taken.parsed, sender, ownAddresses, isSpam, now: new Date() }
  const made = vacationAnswer(facts)
  if (!made) return false
  if (vacation.onlyContacts && !(await isContact(tx, account.id, sender))) return false
  if (!(await claimVacationAnswer(tx, account.id, sender, vacation.everyDays))) return false
  const { from, ...rest } = made
  await postMessage(context, tx, { ...rest, from: { name: rules.name, address: from } }, '')
  return true
}
