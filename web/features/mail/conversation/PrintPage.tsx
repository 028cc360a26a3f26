/** A conversation, or one message of it, for paper. */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { Printer } from 'lucide-react'
import type { ReactNode } from 'react'
import { mail } from '#contracts/mail.ts'
import type { Message } from '#contracts/mail/messages.ts'
import { keptQueryOf } from '#web/app/kept-answers.ts'
import { useWords } from '#web/app/language.tsx'
import { usePageTitle } from '#web/ui/page-title.ts'
import { Failed, Loading } from '#web/ui/states.tsx'
import { MailContext } from '../mail-context.ts'
import { useMailboxes, usePreferences } from '../mailboxes.ts'
import { MessageContent } from './MessageContent.tsx'
import { MessageDetails } from './MessageDetails.tsx'
import classes from './print.module.css'

export function PrintPage(): ReactNode {
  const { t } = useWords()
  const { threadId = '' } = useParams({ strict: false })
  const { message: only } = useSearch({ strict: false }) as { message?: string }
  const { data, error, refetch } = useQuery(keptQueryOf(mail.calls.showThread, { threadId }))
  const mailboxes = useMailboxes()
  const preferences = usePreferences()
  usePageTitle(data?.thread.subject ?? t('mail.print'))
  if (error && !data) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data || !mailboxes) return <Loading />
  const messages = data.messages.filter(({ id }) => only === undefined || id === only)
  return (
    <MailContext value={{ mailboxes, preferences, changeMail: async () => {} }}>
      <main className={classes.page}>
        <div className={classes.head}>
          <h1>{data.thread.subject || t('mail.noSubject')}</h1>
          <Button
            className={classes.button!}
            leftSection={<Printer size={16} />}
            onClick={() => window.print()}
          >
            {t('mail.print')}
          </Button>
        </div>
        {messages.map((message: Message) => (
          <section key={message.id} className={classes.message}>
            <MessageDetails message={message} />
            <MessageContent message={message} onMailTo={() => {}} isPrint />
          </section>
        ))}
      </main>
    </MailContext>
  )
}
