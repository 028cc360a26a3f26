/** One domain: its DNS records as they should be and as they are, and who gets what is for nobody. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { BackLink } from '#web/ui/BackLink.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { AccountSelect } from './AccountSelect.tsx'
import { DnsRecords } from './DnsRecords.tsx'

type Domain = OutputOf<typeof mail.calls.listMailDomains>['items'][number]

export function DomainPage() {
  const { t } = useWords()
  const { name = '' } = useSearch({ from: '/shell/admin/mail/domains/records' })
  const { data, error, refetch } = useQuery(queryOf(mail.calls.listMailDomains, {}))
  const domain = data?.items.find((one) => one.name === name)
  return (
    <Page title={name} text={t('domains.pageText')} width="wide">
      <BackLink to="/admin/mail/domains">{t('mailAdmin.domains')}</BackLink>
      {error && !data ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <Loading rows={8} />
      ) : (
        <>
          <RecordsSection name={name} />
          {domain && <CatchAllSection domain={domain} />}
          {domain && !domain.isPrimary && <RemovalSection domain={domain} />}
        </>
      )}
    </Page>
  )
}

function RecordsSection({ name }: { name: string }) {
  const { t, dateTime } = useWords()
  const { data, error, isFetching, refetch } = useQuery({
    ...queryOf(mail.calls.checkMailDomain, { name }),
    staleTime: 0,
    refetchOnWindowFocus: false,
  })
  const again = (
    <Button
      variant="default"
      leftSection={<RotateCw size={16} />}
      loading={isFetching}
      onClick={() => void refetch()}
    >
      {t('domains.check')}
    </Button>
  )
  return (
    <Section
      title={t('domains.records')}
      text={
        data
          ? `${t('domains.recordsText')} ${t('domains.checked', { time: dateTime(data.checkedAt) })}`
          : t('domains.recordsText')
      }
      actions={again}
    >
      {data ? (
        <DnsRecords records={data.records} />
      ) : error ? (
        <Failed error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading rows={6} />
      )}
    </Section>
  )
}

function CatchAllSection({ domain: { name, catchAll } }: { domain: Domain }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const [chosen, setChosen] = useState(catchAll)
  const change = useCommand(mail.calls.changeMailDomain, {
    refreshes: [mail.calls.listMailDomains],
    onDone: () => showNotice(t('action.saved')),
  })
  return (
    <Section title={t('domains.catchAll')} text={t('domains.catchAllText')}>
      <Stack gap="sm" maw={480}>
        <AccountSelect
          label={t('domains.catchAllAccount')}
          description={t('domains.catchAllHint')}
          most={1}
          value={chosen === null ? [] : [chosen]}
          onChange={(ids) => setChosen(ids[0] ?? null)}
        />
        <Group>
          <Button
            loading={change.isPending}
            disabled={chosen === catchAll}
            onClick={() => change.mutate({ name, catchAll: chosen }, { onError: notifyFailure })}
          >
            {t('action.save')}
          </Button>
        </Group>
      </Stack>
    </Section>
  )
}

function RemovalSection({ domain: { name } }: { domain: Domain }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const [isAsked, setAsked] = useState(false)
  const remove = useCommand(mail.calls.removeMailDomain, {
    refreshes: [mail.calls.listMailDomains],
    onDone: () => void navigate({ to: '/admin/mail/domains' }),
  })
  const action = (
    <Button color="red" variant="outline" onClick={() => setAsked(true)}>
      {t('domains.remove')}
    </Button>
  )
  return (
    <Section title={t('domains.removeTitle')} text={t('domains.removeText')} actions={action}>
      {isAsked && (
        <Question
          title={t('domains.removeNamed', { name })}
          action={t('domains.remove')}
          onConfirm={() => remove.mutateAsync({ name })}
          onClose={() => setAsked(false)}
        >
          <Text size="sm">{t('domains.removeThen')}</Text>
        </Question>
      )}
    </Section>
  )
}
