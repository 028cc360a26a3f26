import { useQueryClient } from '@tanstack/react-query'
import type { Language } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCommand } from '#web/app/queries.ts'
import { changeAccount } from '#web/app/session.ts'

/** Changes the language of the page at once, and that of the account. */
export function useLanguageChange(): (language: Language) => void {
  const queries = useQueryClient()
  const { setLanguage } = useWords()
  const change = useCommand(identity.calls.changeProfile, {
    onDone: (account) => changeAccount(queries, account),
  })
  return (language) => {
    void setLanguage(language)
    change.mutate({ language })
  }
}
