/** Texts, digits and dates of a language. */
import type { Language } from '#contracts/identity/account.ts'
import type { CountedKey, Filling, MessageKey, Messages } from '#web/messages/messages.ts'

export interface Words {
  language: Language
  /** BCP 47, with the digits that go with it. */
  locale: string
  t<Key extends MessageKey>(key: Key, ...filling: Filling<Key>): string
  /** The form for one or for more, with `{count}` filled in. */
  counted(key: CountedKey, count: number): string
  number(value: number, options?: Intl.NumberFormatOptions): string
  date(time: string | Date): string
  dateTime(time: string | Date): string
  /** `3 minutes ago` */
  ago(time: string | Date): string
}

export function wordsOf(language: Language, messages: Messages): Words {
  const locale = language === 'bn' ? 'bn-BD-u-nu-beng' : 'en-GB'
  const plural = new Intl.PluralRules(locale)
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const formats = { date: dateFormat(locale, false), dateTime: dateFormat(locale, true) }
  // To make one takes longer than to show a row of a list.
  const plain = new Intl.NumberFormat(locale)
  const number: Words['number'] = (value, options) =>
    (options ? new Intl.NumberFormat(locale, options) : plain).format(value)

  const fill = (text: string, filling: Record<string, string | number> = {}) =>
    text.replaceAll(/\{(\w+)\}/g, (hole, name: string) => {
      const value = filling[name]
      return typeof value === 'number' ? number(value) : (value ?? hole)
    })
  return {
    language,
    locale,
    number,
    t: (key, ...[filling]) => fill(messages[key], filling),
    counted: (key, count) =>
      fill(messages[`${key}.${plural.select(count) === 'one' ? 'one' : 'other'}`], { count }),
    date: (time) => formats.date.format(new Date(time)),
    dateTime: (time) => formats.dateTime.format(new Date(time)),
    ago: (time) => agoOf(relative, new Date(time)),
  }
}

function dateFormat(locale: string, hasTime: boolean): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'medium', ...(hasTime && { timeStyle: 'short' }) })
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const

function agoOf(format: Intl.RelativeTimeFormat, time: Date): string {
  const seconds = (time.getTime() - Date.now()) / 1000
  for (const [unit, length] of units)
    if (Math.abs(seconds) >= length) return format.format(Math.trunc(seconds / length), unit)
  return format.format(0, 'minute')
}
