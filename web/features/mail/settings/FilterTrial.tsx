import { Loader, Paper, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useFailureText } from '#web/ui/failure.ts'
import classes from './settings.module.css'

/** What a filter would have taken, as soon as its writer pauses. */
export function FilterTrial({ query }: { query: string }) {
  const { t, counted, ago } = useWords()
  const failureText = useFailureText()
  const [asked] = useDebouncedValue(query.trim(), 400)
  const { data, error, isFetching } = useQuery({
    ...queryOf(mail.calls.tryFilter, { query: asked }),
    enabled: asked !== '',
    placeholderData: keepPreviousData,
    retry: false,
  })
  if (asked === '') return null
  return (
    <Paper withBorder p="sm" role="status">
      {error ? (
        <Text size="sm" c="var(--mantine-color-error)">
          {failureText(error)}
        </Text>
      ) : (
        <Text size="sm" fw={600}>
          {data ? counted('filters.trial', data.messages) : t('state.loading')}{' '}
          {isFetching && <Loader size={12} aria-hidden />}
        </Text>
      )}
      {!error && data && data.examples.length > 0 && (
        <ul className={classes.examples}>
          {data.examples.slice(0, 5).map(({ threadId, from, subject, receivedAt }, index) => (
            <li key={`${threadId} ${index}`}>
              <Text span inherit fw={500} maw="35%" truncate>
                {from.name || from.address}
              </Text>
              <span>{subject || t('drafts.noSubject')}</span>
              <Text span inherit c="dimmed">
                {ago(receivedAt)}
              </Text>
            </li>
          ))}
        </ul>
      )}
    </Paper>
  )
}
