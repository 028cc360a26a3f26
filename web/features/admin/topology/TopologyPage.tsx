/** What runs where, and how the gateways fare with it: as a picture, and as tables. */
import { Badge, Code, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Network } from 'lucide-react'
import { gateway } from '#contracts/gateway.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import type { Topology } from './picture.ts'
import { shortId, useRate } from './texts.ts'
import { TopologyPicture } from './TopologyPicture.tsx'

const lookMs = 1500

export function TopologyPage() {
  const { t, number } = useWords()
  const topology = useQuery({ ...queryOf(gateway.calls.showTopology, {}), refetchInterval: lookMs })
  return (
    <Page title={t('admin.topology')} text={t('topology.text')} width="wide">
      {topology.isPending ? (
        <Loading rows={6} />
      ) : topology.data === undefined ? (
        <Failed error={topology.error} onRetry={() => void topology.refetch()} />
      ) : topology.data.instances.length === 0 ? (
        <Empty icon={Network} title={t('topology.none')} text={t('topology.noneText')} />
      ) : (
        <>
          {topology.isError && (
            <Text size="sm" c="var(--mantine-color-error)" role="alert" mb="sm">
              {t('topology.stale')}
            </Text>
          )}
          <Section
            title={t('topology.picture')}
            text={t('topology.revision', { revision: number(topology.data.revision) })}
          >
            <TopologyPicture topology={topology.data} />
          </Section>
          <Instances topology={topology.data} />
          <Gateways topology={topology.data} />
        </>
      )}
    </Page>
  )
}

const colors = { starting: 'blue', ready: 'green', draining: 'yellow', down: 'red' } as const

function Instances({ topology: { instances } }: { topology: Topology }) {
  const { t, number, ago } = useWords()
  const rate = useRate()
  const rows = instances
    .flatMap(({ services, ...instance }) => services.map((service) => ({ instance, service })))
    .toSorted((one, other) => one.service.name.localeCompare(other.service.name))
  return (
    <Section title={t('topology.instances')}>
      <DataTable
        label={t('topology.instances')}
        items={rows}
        keyOf={({ instance, service }) => `${instance.id} ${service.name}`}
        columns={[
          {
            label: t('admin.service'),
            cell: ({ service }) => (
              <>
                <Text size="sm" fw={600}>
                  {service.name}
                </Text>
                <Text size="xs" c="dimmed">
                  {service.roles.join(', ')}
                </Text>
              </>
            ),
          },
          {
            label: t('topology.instance'),
            cell: ({ instance: { id, address } }) => (
              <>
                <Code title={id}>{shortId(id)}</Code>
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {address}
                </Text>
              </>
            ),
          },
          { label: t('topology.version'), cell: ({ instance: { version } }) => version || '–' },
          {
            label: t('admin.state'),
            cell: ({ instance: { state }, service: { ejectedBy } }) => (
              <Group gap={4}>
                <Badge variant="dot" color={colors[state]} tt="none" fw={500}>
                  {t(`instance.${state}`)}
                </Badge>
                {ejectedBy.length > 0 && (
                  <Badge variant="dot" color="red" tt="none" fw={500}>
                    {t('topology.ejected')}
                  </Badge>
                )}
              </Group>
            ),
          },
          { label: t('overview.requests'), cell: ({ service }) => rate(service.perSecond) },
          { label: t('topology.pending'), cell: ({ service }) => number(service.pending) },
          { label: t('topology.since'), cell: ({ instance }) => ago(instance.registeredAt) },
        ]}
      />
    </Section>
  )
}

function Gateways({ topology: { gateways } }: { topology: Topology }) {
  const { t, number } = useWords()
  const rate = useRate()
  return (
    <Section title={t('topology.gateways')}>
      <DataTable
        label={t('topology.gateways')}
        items={gateways}
        keyOf={({ instanceId }) => instanceId}
        columns={[
          { label: t('topology.instance'), cell: ({ instanceId }) => <Code>{shortId(instanceId)}</Code> },
          {
            label: t('overview.requests'),
            cell: ({ view }) => (view ? rate(view.perSecond) : t('topology.silent')),
          },
          { label: t('topology.openSockets'), cell: ({ view }) => view && number(view.openSockets) },
          {
            label: t('topology.blocked'),
            cell: ({ view }) =>
              view &&
              t('topology.blockedCounts', {
                offenders: number(view.blocked.offenders),
                ranges: number(view.blocked.ranges),
              }),
          },
          {
            label: t('topology.failuresTitle'),
            cell: ({ view }) => view && number(view.traffic.reduce((sum, { failures }) => sum + failures, 0)),
          },
          {
            label: t('topology.table'),
            cell: ({ view }) => view && t('topology.revision', { revision: number(view.registry.revision) }),
          },
        ]}
      />
    </Section>
  )
}
