/** Many accounts at once, from a file. First it is only looked at. */
import { Alert, Button, Code, Stack, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, perform } from '#web/app/queries.ts'
import { BackLink } from '#web/ui/BackLink.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { fieldText, useFailureText } from '#web/ui/failure.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { FileDrop } from './FileDrop.tsx'

type Report = OutputOf<typeof identity.calls.importAccounts>

export function ImportPage() {
  const { t } = useWords()
  const queries = useQueryClient()
  const failureText = useFailureText()
  const [file, setFile] = useState<File>()
  const run = useMutation({
    mutationFn: ({ file, isDryRun }: { file: File; isDryRun: boolean }) =>
      perform(identity.calls.importAccounts, {
        upload: new Blob([file], { type: 'text/csv' }),
        isDryRun: String(isDryRun),
      }),
    onSuccess: ({ isDryRun }) => {
      if (!isDryRun) void queries.invalidateQueries({ queryKey: keyOf(identity.calls.listAccounts) })
    },
  })
  const take = (file: File) => {
    setFile(file)
    run.mutate({ file, isDryRun: true })
  }
  return (
    <Page title={t('accounts.import')} text={t('import.text')}>
      <BackLink to="/admin/accounts">{t('admin.accounts')}</BackLink>
      <Stack>
        <FileDrop
          accept=".csv,text/csv"
          label={t('import.drop')}
          fileName={file?.name}
          isBusy={run.isPending}
          onFile={take}
        />
        <Text size="sm" c="dimmed" component="div">
          {t('import.columns')}{' '}
          <Code>userid, email, name, phone, roles, language, active, password_hash</Code>
        </Text>
        <FailureNote text={run.error ? failureText(run.error) : undefined} />
        {run.data && (
          <ReportSection
            report={run.data}
            isPending={run.isPending}
            onRun={() => file && run.mutate({ file, isDryRun: false })}
          />
        )}
      </Stack>
    </Page>
  )
}

interface ReportSectionProps {
  report: Report
  isPending: boolean
  onRun: () => void
}

function ReportSection({ report, isPending, onRun }: ReportSectionProps) {
  const words = useWords()
  const { t, counted, number } = words
  const { isDryRun, rows, created, skipped, failed, problems } = report
  const start = (
    <Button loading={isPending} disabled={created === 0} onClick={onRun}>
      {counted('import.run', created)}
    </Button>
  )
  return (
    <Section
      title={isDryRun ? t('import.dryRun') : t('import.done')}
      text={isDryRun ? t('import.dryRunText') : t('import.doneText')}
      actions={isDryRun && start}
    >
      <Stack>
        <Alert variant="light" color={failed === 0 ? 'green' : 'yellow'} c="inherit" p="sm" role="status">
          {t('import.counts', {
            rows: number(rows),
            created: number(created),
            skipped: number(skipped),
            failed: number(failed),
          })}
        </Alert>
        {problems.length > 0 && (
          <DataTable
            label={t('import.problems')}
            items={problems}
            keyOf={({ line, field, message }) => `${line} ${field} ${message}`}
            columns={[
              { label: t('import.line'), cell: ({ line }) => t('import.lineNumber', { line }) },
              { label: t('import.field'), cell: ({ field }) => <Code>{field || '–'}</Code> },
              {
                label: t('import.problem'),
                cell: ({ field, message }) => fieldText(words, { path: field, message }),
              },
            ]}
          />
        )}
      </Stack>
    </Section>
  )
}
