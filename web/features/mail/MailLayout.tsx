/** The frame around every page of the mail. */
import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { MailX } from 'lucide-react'
import { useMemo, type ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import { useChangeMail } from './actions/mail-actions.ts'
import { Composers } from './compose/composers.tsx'
import { MailKeys } from './keys/MailKeys.tsx'
import { useLiveMail } from './live/live-mail.ts'
import classes from './mail-layout.module.css'
import { MailContext } from './mail-context.ts'
import { mailboxesQuery, useMailboxes, usePreferences } from './mailboxes.ts'
import { SearchBar } from './search/SearchBar.tsx'

export function MailLayout(): ReactNode {
  const { t } = useWords()
  const { error, refetch } = useQuery(mailboxesQuery)
  const mailboxes = useMailboxes()
  const preferences = usePreferences()
  const changeMail = useChangeMail(mailboxes)
  const isSettings = useRouterState({
    select: ({ location }) => location.pathname.startsWith('/mail/settings'),
  })
  useLiveMail()
  const value = useMemo(
    () => mailboxes && { mailboxes, preferences, changeMail },
    [mailboxes, preferences, changeMail],
  )
  if (!value) return error ? <Failed error={error} onRetry={() => void refetch()} /> : <Loading rows={10} />
  if (value.mailboxes.address === null)
    return <Empty icon={MailX} title={t('mail.noMailbox')} text={t('mail.noMailbox.text')} />
  return (
    <MailContext value={value}>
      <div className={classes.layout}>
        <SearchBar />
        <div className={isSettings ? classes.settings : classes.content}>
          <Outlet />
        </div>
      </div>
      <MailKeys />
      <Composers />
    </MailContext>
  )
}
