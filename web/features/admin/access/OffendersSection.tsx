import { Badge, Button, Code } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { ShieldCheck } from 'lucide-react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'
import { Empty } from '#web/ui/states.tsx'

/** Marks come and go by themselves. */
const lookMs = 10_000

export function OffendersSection() {
  const { t, dateTime } = useWords()
  const notifyFailure = useFailureNotice()
  const offenders = useInfiniteQuery({
    ...pagesOf(identity.calls.listOffenders, {}),
    refetchInterval: lookMs,
  })
  const pardon = useCommand(identity.calls.pardonOffender, {
    refreshes: [identity.calls.listOffenders],
    onDone: () => showNotice(t('offenders.pardoned')),
  })
  return (
    <Section title={t('offenders.title')} text={t('offenders.text')}>
      <List query={offenders} empty={<Empty icon={ShieldCheck} title={t('offenders.none')} />}>
        {(items) => (
          <DataTable
            label={t('offenders.title')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('offenders.address'), cell: ({ address }) => <Code>{address}</Code> },
              {
                label: t('admin.state'),
                cell: ({ state }) => (
                  <Badge variant="dot" color={state === 'blocked' ? 'red' : 'yellow'} tt="none" fw={500}>
                    {t(`offenders.${state}`)}
                  </Badge>
                ),
              },
              { label: t('blocklist.until'), cell: ({ until }) => dateTime(until) },
              { label: t('blocklist.since'), cell: ({ createdAt }) => dateTime(createdAt) },
              {
                label: t('offenders.pardon'),
                isLabelHidden: true,
                align: 'end',
                cell: ({ id, address }) => (
                  <Button
                    variant="default"
                    size="xs"
                    disabled={pardon.isPending}
                    aria-label={t('offenders.pardonNamed', { address })}
                    onClick={() => pardon.mutate({ id }, { onError: notifyFailure })}
                  >
                    {t('offenders.pardon')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </List>
    </Section>
  )
}
