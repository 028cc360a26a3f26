/** The language of the page: its texts, digits and dates. */
import { createContext, use, useMemo, useState, type ReactNode } from 'react'
import type { Language } from '#contracts/identity/account.ts'
import { loadMessages, type Messages } from '#web/messages/messages.ts'
import { rememberLanguage } from './device-language.ts'
import { wordsOf, type Words } from './words.ts'

interface PageWords extends Words {
  /** Remembered on this device. */
  setLanguage(language: Language): Promise<void>
}

const WordsContext = createContext<PageWords | undefined>(undefined)

export function useWords(): PageWords {
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
  const words = useMemo<PageWords>(() => {
    async function setLanguage(next: Language): Promise<void> {
      rememberLanguage(next)
      setLoaded({ language: next, messages: await loadMessages(next) })
      document.documentElement.lang = next
    }
    return { ...wordsOf(language, messages), setLanguage }
  }, [language, messages])
  return <WordsContext value={words}>{children}</WordsContext>
}
