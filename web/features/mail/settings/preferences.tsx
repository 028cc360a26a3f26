/** The mail's preferences, for forms that change some of them. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { MailPreferences } from '#contracts/mail/settings.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { showNotice } from '#web/ui/notices.ts'
import { Failed, Loading } from '#web/ui/states.tsx'

const { queryKey } = queryOf(mail.calls.showMailPreferences, {})

export interface WithPreferencesProps {
  children: (preferences: MailPreferences) => ReactNode
}

/** Once they are known. While a form is open they stay as they were. */
export function WithPreferences({ children }: WithPreferencesProps) {
  const { data, error, refetch } = useQuery({
    ...queryOf(mail.calls.showMailPreferences, {}),
    refetchOnWindowFocus: false,
  })
  if (data) return children(data)
  return error ? <Failed error={error} onRetry={() => void refetch()} /> : <Loading rows={6} />
}

/** For `onDone` of forms. */
export function useTakePreferences(): (preferences: MailPreferences) => void {
  const queries = useQueryClient()
  const { t } = useWords()
  return (preferences) => {
    queries.setQueryData(queryKey, preferences)
    showNotice(t('action.saved'))
  }
}

export function useChangePreferences() {
  const take = useTakePreferences()
  return useCommand(mail.calls.changeMailPreferences, { onDone: take })
}
