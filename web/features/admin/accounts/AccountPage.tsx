/** One account as admins see it: who it is, what it may do, where it is signed in. */
import { Badge, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { BackLink } from '#web/ui/BackLink.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Picture } from '#web/ui/Picture.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { AccountEnding } from './AccountEnding.tsx'
import { RolesSection } from './RolesSection.tsx'
import { SessionDevice } from './SessionDevice.tsx'

type ShownAccount = OutputOf<typeof identity.calls.showAccount>

export function AccountPage() {
  const { t } = useWords()
  const { accountId } = useParams({ from: '/shell/admin/accounts/$accountId' })
  const shown = useQuery(queryOf(identity.calls.showAccount, { accountId }))
  return (
    <Page title={shown.data?.account.name ?? t('admin.account')} width="wide">
      <BackLink to="/admin/accounts">{t('admin.accounts')}</BackLink>
      {shown.isPending ? (
        <Loading rows={6} />
      ) : shown.isError ? (
        <Failed error={shown.error} onRetry={() => void shown.refetch()} />
      ) : (
        <>
          <Profile {...shown.data} />
          <RolesSection key={shown.data.account.roles.join()} account={shown.data.account} />
          <Sessions {...shown.data} />
          <ApiKeys {...shown.data} />
          <AccountEnding account={shown.data.account} />
        </>
      )}
    </Page>
  )
}

function Profile({ account, hasSecondFactor }: ShownAccount) {
  const { t, date } = useWords()
  const verified = (isVerified: boolean) => (isVerified ? t('profile.verified') : t('profile.notVerified'))
  const facts: [string, string | null, string?][] = [
    [t('field.mailbox'), account.userid],
    [t('field.contactEmail'), account.email, verified(account.isEmailVerified)],
    [t('field.phone.label'), account.phone, verified(account.isPhoneVerified)],
    [t('language.label'), t(`language.${account.language}`)],
    [t('field.timeZone'), account.timeZone],
    [t('accounts.since'), date(account.createdAt)],
    [t('account.secondFactor'), hasSecondFactor ? t('admin.yes') : t('admin.no')],
  ]
  return (
    <Section title={t('account.profile')}>
      <Group align="flex-start" wrap="nowrap">
        <Picture account={account} size={64} />
        <SimpleGrid component="dl" cols={{ base: 1, xs: 2, md: 3 }} m={0} flex={1} verticalSpacing="sm">
          {facts.map(([name, value, note]) => (
            <div key={name}>
              <Text component="dt" size="xs" c="dimmed">
                {name}
              </Text>
              <Text component="dd" m={0} size="sm" style={{ overflowWrap: 'anywhere' }}>
                {value ?? '–'}
                {value !== null && note && (
                  <Text span size="xs" c="dimmed">
                    {' '}
                    {note}
                  </Text>
                )}
              </Text>
            </div>
          ))}
        </SimpleGrid>
        {account.isDisabled && (
          <Badge variant="dot" color="gray" tt="none">
            {t('accounts.disabled')}
          </Badge>
        )}
      </Group>
    </Section>
  )
}

function Sessions({ account, sessions }: ShownAccount) {
  const { t, counted, ago, date } = useWords()
  const notifyFailure = useFailureNotice()
  const end = useCommand(identity.calls.endAccountSessions, {
    refreshes: [identity.calls.showAccount, identity.calls.listAllSessions],
    onDone: ({ ended }) => showNotice(counted('sessions.ended', ended)),
  })
  const endThem = (id?: string) =>
    end.mutate({ accountId: account.id, ...(id && { id }) }, { onError: notifyFailure })
  const endAll = (
    <Button variant="default" size="xs" loading={end.isPending} onClick={() => endThem()}>
      {t('account.endAll')}
    </Button>
  )
  return (
    <Section title={t('account.sessions')} actions={sessions.length > 1 && endAll}>
      {sessions.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('account.noSessions')}
        </Text>
      ) : (
        <DataTable
          label={t('account.sessions')}
          items={sessions}
          keyOf={({ id }) => id}
          columns={[
            { label: t('sessions.device'), cell: (session) => <SessionDevice session={session} /> },
            { label: t('keys.lastUsed'), cell: ({ lastUsedAt }) => ago(lastUsedAt) },
            { label: t('sessions.begun'), cell: ({ createdAt }) => date(createdAt) },
            {
              label: t('sessions.end'),
              isLabelHidden: true,
              align: 'end',
              cell: ({ id, device }) => (
                <Button
                  variant="default"
                  size="xs"
                  disabled={end.isPending}
                  aria-label={t('sessions.endNamed', { device })}
                  onClick={() => endThem(id)}
                >
                  {t('sessions.end')}
                </Button>
              ),
            },
          ]}
        />
      )}
    </Section>
  )
}

function ApiKeys({ apiKeys }: ShownAccount) {
  const { t, ago, date } = useWords()
  if (apiKeys.length === 0) return null
  return (
    <Section title={t('account.keys')}>
      <DataTable
        label={t('account.keys')}
        items={apiKeys}
        keyOf={({ id }) => id}
        columns={[
          {
            label: t('field.label'),
            cell: ({ name, prefix }) => (
              <Stack gap={0}>
                <Text fw={500}>{name}</Text>
                <Text size="xs" c="dimmed" ff="monospace">
                  {prefix}…
                </Text>
              </Stack>
            ),
          },
          { label: t('keys.scopes'), cell: ({ scopes }) => scopes.join(', ') },
          {
            label: t('keys.lastUsed'),
            cell: ({ lastUsedAt }) => (lastUsedAt ? ago(lastUsedAt) : t('keys.never')),
          },
          {
            label: t('keys.expires'),
            cell: ({ expiresAt }) => (expiresAt ? date(expiresAt) : t('keys.noExpiry')),
          },
        ]}
      />
    </Section>
  )
}
