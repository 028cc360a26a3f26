/** Names and times as rows of a list show them. */
import type { ThreadRow } from '#contracts/mail/messages.ts'
import type { Words } from '#web/app/words.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

function format(locale: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${name} ${locale}`
  const known = formats.get(key) ?? new Intl.DateTimeFormat(locale, options)
  formats.set(key, known)
  return known
}

/** Today the time, this year the day, else the date in figures. */
export function shortTime({ locale }: Pick<Words, 'locale'>, time: string, now = new Date()): string {
  const at = new Date(time)
  if (at.toDateString() === now.toDateString())
    return format(locale, 'time', { hour: 'numeric', minute: '2-digit' }).format(at)
  if (at.getFullYear() === now.getFullYear())
    return format(locale, 'day', { day: 'numeric', month: 'short' }).format(at)
  return format(locale, 'date', { day: '2-digit', month: '2-digit', year: 'numeric' }).format(at)
}

/** Day of the week too. */
export function longTime({ locale }: Pick<Words, 'locale'>, time: string): string {
  const options = { dateStyle: 'full', timeStyle: 'short' } as const
  return format(locale, 'long', options).format(new Date(time))
}

export interface ShownSender {
  text: string
  isUnread: boolean
}

/** More would not fit: the first and the last ones. */
const mostSenders = 3

/** Where several wrote, by their first names. */
export function shownSenders({ senders }: Pick<ThreadRow, 'senders'>, ownName: string): ShownSender[] {
  const isMany = senders.length > 1
  const shown = senders.map(({ name, address, isOwn, isUnread }) => ({
    text: isOwn ? ownName : nameOf({ name, address }, isMany),
    isUnread,
  }))
  if (shown.length <= mostSenders) return shown
  return [shown[0]!, { text: '…', isUnread: false }, ...shown.slice(1 - mostSenders)]
}

export function nameOf({ name, address }: { name: string; address: string }, isFirstOnly = false): string {
  const full = name.trim()
  if (full === '') return address.split('@', 1)[0] || address
  // `Akter, Mina` and names of companies stay whole.
  return isFirstOnly && !full.includes(',') ? full.split(/\s+/, 1)[0]! : full
}

/** As people of any script see letters. */
export function initialOf(name: string): string {
  const letter = /[\p{L}\p{N}]\p{M}*/u.exec(name)?.[0] ?? '?'
  return letter.toUpperCase()
}

/** The same for the same person everywhere; white text is read on each. */
export function colorOf(address: string): string {
  let hash = 0
  for (const char of address.toLowerCase()) hash = (hash * 31 + char.codePointAt(0)!) >>> 0
  return `oklch(0.45 0.11 ${hash % 360})`
}
