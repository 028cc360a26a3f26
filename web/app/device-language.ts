/** The language of a visitor, before an account says otherwise. */
import { Language } from '#contracts/identity/account.ts'

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

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(storageKey, language)
  } catch {
    // It is chosen anew next time.
  }
}
