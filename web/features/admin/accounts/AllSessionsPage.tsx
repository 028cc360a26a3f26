/** Who is signed in, and from where. */
import { Button } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { MonitorSmartphone } from 'lucide-react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'
import { SessionDevice } from './SessionDevice.tsx'

export function AllSessionsPage() {
  const { t, counted, ago, date } = useWords()
  const notifyFailure = useFailureNotice()
  const sessions = useInfiniteQuery(pagesOf(identity.calls.listAllSessions, {}))
  const end = useCommand(identity.calls.endAccountSessions, {
    refreshes: [identity.calls.listAllSessions, identity.calls.showAccount],
    onDone: ({ ended }) => showNotice(counted('sessions.ended', ended)),
  })
  return (
    <Page title={t('admin.sessions')} text={t('allSessions.text')} width="wide">
      <List query={sessions} empty={<Empty icon={MonitorSmartphone} title={t('sessions.none')} />}>
        {(items) => (
          <DataTable
            label={t('admin.sessions')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              {
                label: t('admin.account'),
                cell: ({ account }) => (
                  <LinkAnchor
                    to="/admin/accounts/$accountId"
                    params={{ accountId: account.id }}
                    fw={600}
                    c="inherit"
                  >
                    {account.name}
                  </LinkAnchor>
                ),
              },
              { label: t('sessions.device'), cell: (session) => <SessionDevice session={session} /> },
              { label: t('keys.lastUsed'), cell: ({ lastUsedAt }) => ago(lastUsedAt) },
              { label: t('sessions.begun'), cell: ({ createdAt }) => date(createdAt) },
              {
                label: t('sessions.end'),
                isLabelHidden: true,
                align: 'end',
                cell: ({ id, account }) => (
                  <Button
                    variant="default"
                    size="xs"
                    disabled={end.isPending}
                    aria-label={t('sessions.endNamed', { device: account.name })}
                    onClick={() => end.mutate({ accountId: account.id, id }, { onError: notifyFailure })}
                  >
                    {t('sessions.end')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </List>
    </Page>
  )
}
