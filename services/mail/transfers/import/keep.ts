/** Puts what was read of a file into an account: some messages and the place behind them in one transaction. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import type { Database } from '#platform/database/database.ts'
import type { TakenIn } from '../../arrival/take-in.ts'
import { categorise } from '../../categories/categorise.ts'
import { changesTopic } from '../../reading/account.ts'
import { openBlob, openStored } from '../../reading/stored.ts'
import { indexMessages } from '../../search/indexing.ts'
import { textsOf } from '../../search/words.ts'
import { beginChange, lockAccounts, type AccountRow } from '../../store/accounts.ts'
import { addressesOf, listDomains } from '../../store/addresses.ts'
import { insertMessages, SweptBlobs, type NewMessage } from '../../store/arrivals.ts'
import { applyStates, statesOf } from '../../store/changes.ts'
import {
  correctedSenders,
  markForwarded,
  messagesOfBlobs,
  tracedCopies,
  type Copy,
} from '../../store/imports.ts'
import { lockTransfer, noteProgress, type Progress, type StoredTransfer } from '../../store/transfers.ts'
import { LostTransfer, type TransferTools } from '../tools.ts'
import { ImportError } from './import-error.ts'
import { ensureLabels } from './labels.ts'
import type { Note } from './note.ts'

/** One that was read, and is kept. */
export interface Gathered {
  taken: TakenIn
  note: Note
  receivedAt: Date
}

interface Letter extends Gathered {
  message: Omit<NewMessage, 'roles' | 'labelIds'>
}

export interface Kept {
  messages: number
  duplicates: number
  isFull: boolean
}

/** `progressAfter` is what to remember in the same transaction. Throws ImportError and LostTransfer. */
export async function keepBatch(
  tools: TransferTools,
  transfer: Pick<StoredTransfer, 'id' | 'accountId'>,
  owner: string,
  batch: readonly Gathered[],
  progressAfter: (kept: Kept) => Progress,
): Promise<Kept> {
  const { db, signals } = tools
  const merged = mergeEqual(batch)
  const letters = await describe(db, transfer.accountId, merged)
  const copies = await findCopies(tools, transfer.accountId, letters)
  for (let tries = 0; ; tries++) {
    try {
      const { kept, indexed, accountNumber } = await db
        .transaction()
        .execute((tx) => write(tx, transfer, owner, letters, copies, batch.length, progressAfter))
      signals.send(changesTopic(transfer.accountId))
      const items = indexed.map(({ id, letter }) => ({
        messageId: id,
        accountNumber,
        words: textsOf(letter.taken.parsed),
      }))
      await indexMessages(tools, items)
      return kept
    } catch (error) {
      if (!(error instanceof SweptBlobs) || tries > 2) throw error
      for (const { taken } of letters)
        if (error.blobs.includes(taken.blob))
          await tools.blobs.put(taken.bytes ?? Readable.from(await openBlob(tools.blobs, taken.blob)))
    }
  }
}

/** The same bytes in several mailboxes are one message in all of them. */
function mergeEqual(batch: readonly Gathered[]): Gathered[] {
  const merged = new Map<string, Gathered>()
  for (const each of batch) {
    const known = merged.get(each.taken.blob)
    if (!known) merged.set(each.taken.blob, { ...each, note: { ...each.note } })
    else {
      known.note.roles = [...new Set([...known.note.roles, ...each.note.roles])]
      known.note.labels = [...known.note.labels, ...each.note.labels]
    }
  }
  return [...merged.values()]
}

async function describe(db: Database, accountId: string, batch: readonly Gathered[]): Promise<Letter[]> {
  const senderOf = ({ taken }: Gathered) => taken.parsed.envelope.from[0]?.address.toLowerCase() ?? ''
  const [ownAddresses, ownDomains, corrected] = await Promise.all([
    addressesOf(db, accountId),
    listDomains(db),
    correctedSenders(db, accountId, [...new Set(batch.map(senderOf))]),
  ])
  return batch.map((each): Letter => {
    const { taken, note, receivedAt } = each
    const isJunk = note.roles.includes('junk')
    const isOwn = !isJunk && ownAddresses.includes(senderOf(each))
    const correction = corrected.get(senderOf(each))
    const sorted =
      note.category || isOwn
        ? { category: note.category ?? 'primary', reasons: [] }
        : categorise(taken.parsed, {
            ownAddresses,
            ownDomains,
            receivedAt,
            ...(correction && { corrected: correction }),
          })
    const { isSeen, isAnswered = false, isFlagged = false, isDraft = false, keywords = [] } = note
    return {
      ...each,
      message: {
        accountId,
        blob: taken.blob,
        trace: '',
        parsed: taken.parsed,
        receivedAt,
        isSeen,
        isAnswered,
        isFlagged,
        isOwn,
        isDraft,
        keywords,
        category: sorted.category,
        categoryReasons: sorted.reasons,
        ...(isJunk && { spam: { score: 0, verdict: 'spam', reasons: [] } }),
      },
    }
  })
}

/** Messages of the account that an export has given, by the blob that they are with their trace. */
async function findCopies(
  { db, blobs }: TransferTools,
  accountId: string,
  letters: readonly Letter[],
): Promise<Map<string, string>> {
  const candidates = letters.flatMap(({ taken: { parsed } }) =>
    parsed.messageId === undefined
      ? []
      : [{ messageId: parsed.messageId.slice(0, 998), sizeBytes: parsed.sizeBytes }],
  )
  const found = new Map<string, string>()
  if (candidates.length === 0) return found
  const digest = async (copy: Copy) => {
    const hash = createHash('sha256')
    for await (const chunk of (await openStored(blobs, copy)) as AsyncIterable<Buffer>) hash.update(chunk)
    return hash.digest('hex')
  }
  for (const copy of await tracedCopies(db, accountId, candidates)) found.set(await digest(copy), copy.id)
  return found
}

async function write(
  tx: Database,
  transfer: Pick<StoredTransfer, 'id' | 'accountId'>,
  owner: string,
  letters: readonly Letter[],
  copies: ReadonlyMap<string, string>,
  read: number,
  progressAfter: (kept: Kept) => Progress,
) {
  const account = (await lockAccounts(tx, [transfer.accountId])).get(transfer.accountId)
  if (!account) throw new ImportError('noMailbox')
  if (!(await lockTransfer(tx, transfer.id, owner))) throw new LostTransfer()
  const blobs = letters.map(({ taken }) => taken.blob)
  const there = new Map([...copies, ...(await messagesOfBlobs(tx, account.id, blobs))])
  const labels = await ensureLabels(
    tx,
    account.id,
    letters.flatMap(({ note }) => note.labels),
  )
  const labelIdsOf = ({ labels: paths }: Note) =>
    paths.map((path) => labels.idOf(path)).filter((id) => id !== undefined)
  const fresh = letters.filter(({ taken }) => !there.has(taken.blob))
  const outcomes = await insertMessages(
    tx,
    fresh.map(({ message, note }) => ({ ...message, roles: rolesOf(note), labelIds: labelIdsOf(note) })),
  )
  const indexed = outcomes.flatMap((outcome, index) =>
    outcome.state === 'kept' ? [{ id: outcome.id, letter: fresh[index]! }] : [],
  )
  await markForwarded(
    tx,
    indexed.filter(({ letter }) => letter.note.isForwarded).map(({ id }) => id),
  )
  // Only of this import: what people have done with older ones stays.
  const again = letters.flatMap(({ taken, note }) => {
    const id = there.get(taken.blob)
    return id === undefined || id < transfer.id
      ? []
      : [{ id, roles: rolesOf(note), labelIds: labelIdsOf(note) }]
  })
  await placeAlso(tx, account, again)
  const isFull = outcomes.some(({ state }) => state === 'full')
  const lost = outcomes.filter(({ state }) => state === 'full').length
  const kept = { messages: indexed.length, duplicates: read - indexed.length - lost, isFull }
  await noteProgress(tx, transfer.id, progressAfter(kept))
  return { kept, indexed, accountNumber: account.number }
}

/** Nothing of it sleeps or is scheduled any more. */
function rolesOf({ roles }: Note): MailboxRole[] {
  if (roles.includes('trash')) return ['trash']
  if (roles.includes('junk')) return ['junk']
  const become = (role: MailboxRole) =>
    role === 'snoozed' ? 'inbox' : role === 'scheduled' ? 'drafts' : role
  return [...new Set(roles.filter((role) => role !== 'all').map(become))]
}

/** Messages of several mailboxes come once for each. */
async function placeAlso(
  tx: Database,
  { id: accountId, mailboxes }: AccountRow,
  again: readonly { id: string; roles: MailboxRole[]; labelIds: string[] }[],
): Promise<void> {
  const wanted = new Map(
    again.map(({ id, roles, labelIds }) => {
      const chosen = roles.filter((role) => role === 'inbox' || role === 'sent')
      return [id, [...chosen.map((role) => mailboxes[role]), ...labelIds]]
    }),
  )
  const states = await statesOf(tx, accountId, { messageIds: [...wanted.keys()] })
  const changed = states.flatMap((state) => {
    if (state.mailboxIds.includes(mailboxes.junk) || state.mailboxIds.includes(mailboxes.trash)) return []
    const more = wanted.get(state.id)!.filter((id) => !state.mailboxIds.includes(id))
    return more.length === 0 ? [] : [{ ...state, mailboxIds: [...state.mailboxIds, ...new Set(more)] }]
  })
  if (changed.length === 0) return
  const account = await beginChange(tx, accountId)
  if (account) await applyStates(tx, account, states, new Map(changed.map((state) => [state.id, state])))
}
