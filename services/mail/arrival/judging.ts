/** What becomes of a message in one account: junk or not, which category, and what the person's filters say. */
import type { Category, Reason } from '#contracts/mail/messages.ts'
import type { FilterActions } from '#contracts/mail/settings.ts'
import type { MailboxRole } from '#contracts/mail/mailboxes.ts'
import { categorise } from '../categories/categorise.ts'
import type { KnownSender } from '../store/senders.ts'
import { judgeSpam } from '../spam/judge.ts'
import type { MailFacts } from '../spam/facts.ts'
import type { Models } from '../spam/model.ts'
import type { Arrival } from './desk.ts'

export interface Verdict {
  spam: { score: number; verdict: 'ham' | 'unsure' | 'spam' | 'certainSpam'; reasons: Reason[] }
  category: Category
  categoryReasons: Reason[]
}

export interface Addressee {
  accountId: string
  ownAddresses: readonly string[]
  sender: KnownSender | undefined
  models: Models
  answersOurs: boolean
}

const mostReasons = 12

export function judge(arrival: Arrival, to: Addressee, ownDomains: readonly string[]): Verdict {
  const { parsed } = arrival.taken
  const facts = factsOf(arrival, to, ownDomains)
  const isOurs = arrival.client === undefined
  const sorted = categorise(parsed, {
    ...facts,
    ...(to.sender?.category ? { corrected: to.sender.category } : {}),
  })
  const category = { category: sorted.category, categoryReasons: sorted.reasons.slice(0, mostReasons) }
  if (isOurs && to.sender?.rule !== 'block')
    return {
      spam: { score: -10, verdict: 'ham', reasons: [{ code: 'writtenHere', parameters: {} }] },
      ...category,
    }
  const { score, verdict, reasons } = judgeSpam(parsed, facts, to.models)
  return { spam: { score, verdict, reasons: reasons.slice(0, mostReasons) }, ...category }
}

/** Into which mailboxes, by verdict and filters. */
export function placesOf({ spam }: Verdict, actions: FilterActions | undefined): MailboxRole[] {
  const isSpam = (spam.verdict === 'spam' || spam.verdict === 'certainSpam') && actions?.neverSpam !== true
  if (actions?.moveTo) return [actions.moveTo]
  if (isSpam) return ['junk']
  return actions?.archive === true ? [] : ['inbox']
}

function factsOf(
  { authentication, client, sender, receivedAt, taken }: Arrival,
  to: Addressee,
  ownDomains: readonly string[],
): MailFacts {
  const { sender: known } = to
  const from = taken.parsed.envelope.from[0]?.address.toLowerCase() ?? ''
  return {
    ...(authentication && {
      authentication: {
        spf: authentication.spf.result,
        dkim: authentication.dkim.some(({ result, aligned }) => result === 'pass' && aligned)
          ? 'pass'
          : authentication.dkim.length === 0
            ? 'none'
            : 'fail',
        dmarc: authentication.dmarc.result,
        dmarcPolicy: authentication.dmarc.policy,
      },
    }),
    ...(client && {
      client: {
        address: client.address,
        helo: client.helo,
        ...(client.hostName !== undefined && { fcrdns: client.hostName }),
      },
    }),
    envelopeFrom: sender,
    receivedAt,
    ownAddresses: to.ownAddresses,
    ownDomains,
    ...(known && {
      history: {
        seen: known.received,
        read: known.read,
        repliedTo: known.sent,
        markedSpam: known.markedSpam,
        markedHam: known.markedHam,
        inContacts: known.sent > 0 || known.isKept,
      },
      lists: { allow: known.rule === 'allow' ? [from] : [], block: known.rule === 'block' ? [from] : [] },
    }),
    answersOurs: to.answersOurs,
  }
}
