/** Accounts that are being erased, or are gone. */
import { Badge, Code, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Eraser } from 'lucide-react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'

/** How often it looks how far they are. */
const lookMs = 3000

export function ErasuresPage() {
  const { t, dateTime } = useWords()
  const erasures = useInfiniteQuery({
    ...pagesOf(identity.calls.listErasures, {}),
    refetchInterval: ({ state }) =>
      state.data?.pages.some(({ items }) => items.some(({ completedAt }) => completedAt === null))
        ? lookMs
        : false,
  })
  return (
    <Page title={t('admin.erasures')} text={t('erasures.text')} width="wide">
      <List query={erasures} empty={<Empty icon={Eraser} title={t('erasures.none')} />}>
        {(items) => (
          <DataTable
            label={t('admin.erasures')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('admin.account'), cell: ({ accountId }) => <Code>{accountId}</Code> },
              { label: t('erasures.asked'), cell: ({ createdAt }) => dateTime(createdAt) },
              {
                label: t('admin.state'),
                cell: ({ completedAt }) => (
                  <Badge variant="dot" color={completedAt ? 'green' : 'yellow'} tt="none" fw={500}>
                    {completedAt ? t('erasures.done') : t('erasures.running')}
                  </Badge>
                ),
              },
              {
                label: t('erasures.progress'),
                cell: ({ completedAt, waitingFor }) => (
                  <Text size="sm">
                    {completedAt
                      ? dateTime(completedAt)
                      : t('export.waiting', { services: waitingFor.join(', ') })}
                  </Text>
                ),
              },
            ]}
          />
        )}
      </List>
    </Page>
  )
}
