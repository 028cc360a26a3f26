/** What has to be known of an account to judge its mail, remembered for a moment: mail often comes many at a time. */
import type { Database } from '#platform/database/database.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { modelTopic } from '../changing/lessons.ts'
import { readDelta } from '../spam/learning.ts'
import { loadShippedModel, type Delta, type Models } from '../spam/model.ts'
import { addressesOf, listDomains } from '../store/addresses.ts'
import { findAccount } from '../store/accounts.ts'
import { findSpamModel } from '../store/models.ts'
import { knownSender, type KnownSender } from '../store/senders.ts'
import { remember } from './remember.ts'

export interface Account {
  id: string
  /** Its own first. */
  addresses: string[]
  language: 'en' | 'bn'
  models: Models
}

export interface Addressees extends Disposable {
  /** Undefined: it is gone. */
  account(id: string): Promise<Account | undefined>
  sender(accountId: string, address: string): Promise<KnownSender | undefined>
  domains(): Promise<string[]>
}

const rememberedMs = 5_000
const mostRemembered = 1_000
const mostModels = 100

export function openAddressees(db: Database, signals: Signals): Addressees {
  const accounts = remember<Account | undefined>(rememberedMs, mostRemembered)
  const senders = remember<KnownSender | undefined>(rememberedMs, mostRemembered)
  const domains = remember<string[]>(rememberedMs, 1)
  const deltas = new Map<string, { delta: Delta | undefined; stop: () => void }>()

  async function deltaOf(accountId: string): Promise<Delta | undefined> {
    const known = deltas.get(accountId)
    if (known) return known.delta
    const stored = await findSpamModel(db, accountId)
    const stop = signals.listen(modelTopic(accountId), () => forget(accountId))
    deltas.set(accountId, { delta: stored && readDelta(stored), stop })
    const [oldest] = deltas.keys()
    if (deltas.size > mostModels && oldest !== undefined) forget(oldest)
    return deltas.get(accountId)?.delta
  }

  function forget(accountId: string): void {
    deltas.get(accountId)?.stop()
    deltas.delete(accountId)
    accounts.forget(accountId)
  }

  const stopGap = signals.onGap(() => [...deltas.keys()].forEach(forget))
  return {
    account: (id) =>
      accounts.read(id, async () => {
        const row = await findAccount(db, id)
        if (!row) return undefined
        const [addresses, account] = await Promise.all([addressesOf(db, id), deltaOf(id)])
        return {
          id,
          addresses,
          language: row.language,
          models: { shipped: loadShippedModel(), ...(account && { account }) },
        }
      }),
    sender: (accountId, address) =>
      senders.read(`${accountId} ${address}`, async () => (await knownSender(db, [accountId], address))[0]),
    domains: () => domains.read('', () => listDomains(db)),
    [Symbol.dispose]() {
      stopGap()
      for (const { stop } of deltas.values()) stop()
    },
  }
}
