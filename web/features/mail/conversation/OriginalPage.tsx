/** A message as it came, byte for byte as far as it is text. */
import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { Download } from 'lucide-react'
import type { ReactNode } from 'react'
import { addressOf } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { CopyButton } from '#web/ui/CopyButton.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import classes from './original.module.css'
import { sizeText } from './size-text.ts'

export function OriginalPage(): ReactNode {
  const words = useWords()
  const { t } = words
  const { messageId = '' } = useParams({ strict: false })
  const { data, error, refetch } = useQuery({
    ...queryOf(mail.calls.showOriginal, { messageId }),
    staleTime: Infinity,
  })
  return (
    <div className={classes.page}>
      <Page
        title={t('mail.original')}
        width="wide"
        actions={
          <Group gap="xs">
            {data && <CopyButton text={data.source} />}
            <Button
              component="a"
              href={addressOf(mail.calls.downloadMessage, { messageId })}
              download="message.eml"
              leftSection={<Download size={16} />}
            >
              {t('action.download')}
            </Button>
          </Group>
        }
      >
        {error ? (
          <Failed error={error} onRetry={() => void refetch()} />
        ) : !data ? (
          <Loading rows={8} />
        ) : (
          <>
            <Text size="sm" c="dimmed" mb="xs">
              {sizeText(words, data.sizeBytes)}
              {data.isCut && ` · ${t('mail.original.cut')}`}
            </Text>
            {/* Focused to be scrolled by keys (WCAG 2.2 §2.1.1). */}
            <pre className={classes.source} tabIndex={0}>
              {data.source}
            </pre>
          </>
        )}
      </Page>
    </div>
  )
}
