/** What other servers say of mail in our name. */
import { Badge, Code, Group, NativeSelect, SimpleGrid, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ChartLine } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { ChartCard } from '#web/features/admin/health/ChartCard.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import { daily } from './daily.ts'

type Reports = OutputOf<typeof mail.calls.listMailReports>

const spans = ['7', '30', '90', '365'] as const
const defaultDays = 30

export function ReportsPage() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/mail/reports' })
  const days = Number(spans.find((one) => one === search.days) ?? defaultDays)
  const { domain } = search
  const { data, error, refetch } = useQuery(
    queryOf(mail.calls.listMailReports, { days, ...(domain && { domain }) }),
  )
  return (
    <Page title={t('mailAdmin.reports')} text={t('reports.text')} width="wide">
      <Stack>
        <Filters days={days} />
        {data ? (
          <Reports reports={data} days={days} />
        ) : error ? (
          <Failed error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading rows={8} />
        )}
      </Stack>
    </Page>
  )
}

function Filters({ days }: { days: number }) {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/mail/reports' })
  const navigate = useNavigate({ from: '/admin/mail/reports' })
  const domains = useQuery(queryOf(mail.calls.listMailDomains, {}))
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <NativeSelect
        label={t('domains.name')}
        value={search.domain ?? ''}
        onChange={({ currentTarget }) => change({ domain: currentTarget.value })}
        data={[{ value: '', label: t('admin.all') }, ...(domains.data?.items.map(({ name }) => name) ?? [])]}
      />
      <NativeSelect
        label={t('reports.span')}
        value={String(days)}
        onChange={({ currentTarget }) => change({ days: currentTarget.value })}
        data={spans.map((span) => ({ value: span, label: t('reports.days', { days: Number(span) }) }))}
      />
    </Group>
  )
}

function Reports({ reports: { dmarc, tls }, days }: { reports: Reports; days: number }) {
  const { t, number } = useWords()
  if (dmarc.length === 0 && tls.length === 0)
    return <Empty icon={ChartLine} title={t('reports.none')} text={t('reports.noneText')} />
  const mails = daily(
    dmarc.map((row) => ({ day: row.day, name: isGenuine(row) ? 'pass' : 'fail', count: row.messages })),
    days,
  )
  const sessions = daily(
    tls.flatMap(({ day, successes, failures }) => [
      { day, name: 'pass', count: successes },
      { day, name: 'fail', count: failures },
    ]),
    days,
  )
  const count = (value: number) => number(Math.round(value))
  return (
    <>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" verticalSpacing={0}>
        <ChartCard
          title={t('reports.dmarc')}
          times={mails.times}
          format={count}
          isWhole
          isDaily
          lines={[
            { label: t('reports.genuine'), values: mails.values('pass'), color: 'green' },
            { label: t('reports.notOurs'), values: mails.values('fail'), color: 'red' },
          ]}
        />
        <ChartCard
          title={t('reports.tls')}
          times={sessions.times}
          format={count}
          isWhole
          isDaily
          lines={[
            { label: t('reports.encrypted'), values: sessions.values('pass'), color: 'green' },
            { label: t('reports.failed'), values: sessions.values('fail'), color: 'red' },
          ]}
        />
      </SimpleGrid>
      <DmarcTable rows={dmarc} />
      <TlsTable rows={tls} />
    </>
  )
}

function isGenuine({ dkim, spf }: Reports['dmarc'][number]): boolean {
  return dkim === 'pass' || spf === 'pass'
}

function DmarcTable({ rows }: { rows: Reports['dmarc'] }) {
  const { t, date, number } = useWords()
  return (
    <Section title={t('reports.dmarcSources')} text={t('reports.dmarcText')}>
      {rows.length === 0 ? (
        <Empty isSmall icon={ChartLine} title={t('reports.none')} />
      ) : (
        <DataTable
          label={t('reports.dmarcSources')}
          items={rows.map((row, index) => ({ ...row, index }))}
          keyOf={({ index }) => String(index)}
          columns={[
            { label: t('reports.source'), cell: ({ sourceAddress }) => <Code>{sourceAddress}</Code> },
            { label: t('reports.day'), cell: ({ day }) => date(day) },
            { label: t('reports.reporter'), cell: ({ reporter }) => reporter },
            { label: t('reports.messages'), align: 'end', cell: ({ messages }) => number(messages) },
            { label: 'DKIM', cell: ({ dkim }) => <Result result={dkim} /> },
            { label: 'SPF', cell: ({ spf }) => <Result result={spf} /> },
            { label: t('reports.disposition'), cell: ({ disposition }) => disposition },
          ]}
        />
      )}
    </Section>
  )
}

function TlsTable({ rows }: { rows: Reports['tls'] }) {
  const { t, date, number } = useWords()
  if (rows.length === 0) return null
  return (
    <Section title={t('reports.tlsSources')}>
      <DataTable
        label={t('reports.tlsSources')}
        items={rows.map((row, index) => ({ ...row, index }))}
        keyOf={({ index }) => String(index)}
        columns={[
          { label: t('reports.reporter'), cell: ({ reporter }) => reporter },
          { label: t('reports.day'), cell: ({ day }) => date(day) },
          { label: t('reports.policy'), cell: ({ policy }) => <Code>{policy}</Code> },
          { label: t('reports.encrypted'), align: 'end', cell: ({ successes }) => number(successes) },
          { label: t('reports.failed'), align: 'end', cell: ({ failures }) => number(failures) },
          { label: t('reports.why'), cell: ({ failureTypes }) => failureTypes.join(', ') },
        ]}
      />
    </Section>
  )
}

function Result({ result }: { result: string }) {
  return (
    <Badge variant="dot" color={result === 'pass' ? 'green' : 'red'} tt="none" fw={500}>
      {result}
    </Badge>
  )
}
