import { parseAddresses } from './addresses.ts'
import { fieldOf } from './header.ts'
import type { Envelope, HeaderField, MailAddress } from './message.ts'
import { decodeWords } from './words.ts'

/** How many addresses may still be kept of a message. */
export interface AddressBudget {
  left: number
  isSpent: boolean
}

export function addressBudget(): AddressBudget {
  return { left: 10_000, isSpent: false }
}

/** What a header says of its message; Sender and Reply-To stay empty where there are none. */
export function readEnvelope(fields: readonly HeaderField[], budget: AddressBudget): Envelope {
  const addresses = (name: string) => readAddresses(fields, name, budget)
  return {
    date: fieldOf(fields, 'date') ?? '',
    subject: decodeWords(fieldOf(fields, 'subject') ?? '').trim(),
    from: addresses('from'),
    sender: addresses('sender'),
    replyTo: addresses('reply-to'),
    to: addresses('to'),
    cc: addresses('cc'),
    bcc: addresses('bcc'),
    inReplyTo: fieldOf(fields, 'in-reply-to') ?? '',
    messageId: fieldOf(fields, 'message-id') ?? '',
  }
}

/** Of all fields of the name, for a second one is read by some programs too. */
function readAddresses(fields: readonly HeaderField[], name: string, budget: AddressBudget): MailAddress[] {
  let found: MailAddress[] = []
  for (const field of fields) {
    if (field.name !== name) continue
    const more = parseAddresses(field.value, budget.left + 1)
    if (more.length > budget.left) budget.isSpent = true
    const kept = more.slice(0, budget.left)
    budget.left -= kept.length
    found = found.length === 0 ? kept : [...found, ...kept]
    if (budget.isSpent) break
  }
  return found
}

const maxIds = 100

/** Message ids without angle brackets: of more than a hundred the first, which began it all, and the last. */
export function readIds(value: string | undefined): string[] {
  if (value === undefined) return []
  const ids: string[] = []
  for (let at = value.indexOf('<'); at >= 0; at = value.indexOf('<', at + 1)) {
    const end = value.indexOf('>', at)
    if (end < 0) break
    const id = value.slice(at + 1, end).trim()
    if (id !== '' && id.length <= 1_000) ids.push(id)
    at = end
  }
  if (ids.length === 0) {
    const bare = value.trim()
    if (bare.includes('@') && bare.length <= 1_000 && !/\s/.test(bare)) ids.push(bare)
  }
  return ids.length <= maxIds ? ids : [ids[0] as string, ...ids.slice(1 - maxIds)]
}
