/** The rules of accounts, remembered until they are changed. */
import type { Vacation } from '#contracts/mail/settings.ts'
import type { Database } from '#platform/database/database.ts'
import type { Signals } from '#platform/signals/signals.ts'
import { addressesOf } from '../store/addresses.ts'
import { rulesOf } from '../store/rules.ts'
import { readFilters, type ReadFilter } from './judge.ts'

export interface AccountRules {
  filters: readonly ReadFilter[]
  forwardsAllTo: readonly string[]
  vacation: Vacation | undefined
  ownAddresses: readonly string[]
  name: string
}

export interface RuleBook extends Disposable {
  /** Undefined: the account is gone. */
  rulesFor(accountId: string): Promise<AccountRules | undefined>
}

/** A signal may be lost, and `older_than:` goes with the time. */
const rememberedMs = 60_000
const mostRemembered = 5_000
const topic = 'mail.rules'

export function openRuleBook(db: Database, signals: Signals): RuleBook {
  const known = new Map<string, { rules: Promise<AccountRules | undefined>; until: number }>()
  const stop = [
    signals.listen(topic, (accountId) => known.delete(accountId)),
    signals.onGap(() => known.clear()),
  ]
  return {
    rulesFor(accountId) {
      const found = known.get(accountId)
      if (found && found.until > Date.now()) return found.rules
      const rules = readRules(db, accountId)
      rules.catch(() => known.delete(accountId))
      known.delete(accountId)
      known.set(accountId, { rules, until: Date.now() + rememberedMs })
      const [oldest] = known.keys()
      if (known.size > mostRemembered && oldest !== undefined) known.delete(oldest)
      return rules
    },
    [Symbol.dispose]: () => stop.forEach((each) => each()),
  }
}

/** Once what was changed is committed. */
export function announceRules(signals: Signals, accountId: string): void {
  signals.send(topic, accountId)
}

async function readRules(db: Database, accountId: string): Promise<AccountRules | undefined> {
  const [stored, ownAddresses] = await Promise.all([rulesOf(db, accountId), addressesOf(db, accountId)])
  if (!stored) return undefined
  const labels = new Set(stored.labelIds)
  const forwardings = new Set(stored.forwardings.map(({ address }) => address))
  const filters = stored.filters.map(({ query, actions }) => ({
    query,
    actions: {
      ...actions,
      labelIds: actions.labelIds.filter((id) => labels.has(id)),
      forwardTo: actions.forwardTo !== null && forwardings.has(actions.forwardTo) ? actions.forwardTo : null,
    },
  }))
  return {
    filters: readFilters(filters, { own: ownAddresses }),
    forwardsAllTo: stored.forwardings.filter(({ forwardsAll }) => forwardsAll).map(({ address }) => address),
    vacation: stored.vacation?.isOn ? stored.vacation : undefined,
    ownAddresses,
    name: stored.name,
  }
}
