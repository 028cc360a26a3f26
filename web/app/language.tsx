/** The language of the page: its texts, digits and dates. */
import { createContext, use, useMemo, useState, type ReactNode } from 'react'
import { Language } from '#contracts/identity/account.ts'
import {
  loadMessages,
  type CountedKey,
  type Filling,
  type MessageKey,
  type Messages,
} from '#web/messages/messages.ts'

export interface Words {
  language: Language
  /** BCP 47, with the digits that go with it. */
  locale: string
  /** Remembered on this device. */
  setLanguage(language: Language): Promise<void>
  t<Key extends MessageKey>(key: Key, ...filling: Filling<Key>): string
  /** The form for one or for more, with `{count}` filled in. */
  counted(key: CountedKey, count: number): string
  number(value: number, options?: Intl.NumberFormatOptions): string
  date(time: string | Date): string
  dateTime(time: string | Date): string
  /** `3 minutes ago` */
  ago(time: string | Date): string
}

const WordsContext = createContext<Words | undefined>(undefined)

export function useWords(): Words {
  const words = use(WordsContext)
  if (!words) throw new Error('there is no LanguageProvider')
  return words
}

export interface LanguageProviderProps {
  first: { language: Language; messages: Messages }
  children: ReactNode
}

export function LanguageProvider({ first, children }: LanguageProviderProps) {
  const [{ language, messages }, setLoaded] = useState(first)
  const words = useMemo<Words>(() => {
    async function setLanguage(next: Language): Promise<void> {
      rememberLanguage(next)
      setLoaded({ language: next, messages: await loadMessages(next) })
      document.documentElement.lang = next
    }
    return { ...wordsOf(language, messages), setLanguage }
  }, [language, messages])
  return <WordsContext value={words}>{children}</WordsContext>
}

export function wordsOf(language: Language, messages: Messages): Omit<Words, 'setLanguage'> {
  const locale = language === 'bn' ? 'bn-BD-u-nu-beng' : 'en-GB'
  const plural = new Intl.PluralRules(locale)
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const formats = { date: dateFormat(locale, false), dateTime: dateFormat(locale, true) }
  const number: Words['number'] = (value, options) => new Intl.NumberFormat(locale, options).format(value)

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

const storageKey = 'language'

/** What was chosen on this device, else the first of the browser's languages that we have. */
export function deviceLanguage(): Language {
  const wished = [storedLanguage(), ...navigator.languages.map((tag) => tag.split('-', 1)[0])]
  return Language.options.find((language) => language === wished.find(isOurs)) ?? 'en'
}

function isOurs(tag: string | null | undefined): boolean {
  return Language.options.some((language) => language === tag)
}

/** Storage may be switched off. */
function storedLanguage(): string | null {
  try {
    return localStorage.getItem(storageKey)
  } catch {
    return null
  }
}

function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(storageKey, language)
  } catch {
    // It is chosen anew next time.
  }
}
