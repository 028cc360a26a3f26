/** What somebody should look at, and that there is nothing. */
import { Alert, List } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useMemo, type ReactNode } from 'react'
import { bus } from '#contracts/bus.ts'
import { gateway } from '#contracts/gateway.ts'
import { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'

const lookMs = 10_000
/** As many as are counted. */
const most = 100

export function Attention() {
  const { t, counted } = useWords()
  const from = useMemo(() => new Date(Date.now() - 15 * 60_000).toISOString(), [])
  const dead = useQuery({
    ...queryOf(bus.calls.listDeadLetters, { limit: most }),
    refetchInterval: lookMs,
  })
  const errors = useQuery({
    ...queryOf(logs.calls.listLogs, { level: ['ERROR'], from, limit: most }),
    refetchInterval: lookMs,
  })
  const topology = useQuery({ ...queryOf(gateway.calls.showTopology, {}), refetchInterval: lookMs })
  const down = topology.data?.instances.filter(({ state }) => state === 'down').length ?? 0
  const matters: ReactNode[] = []
  if (dead.data && dead.data.items.length > 0)
    matters.push(
      <LinkAnchor to="/admin/dead-letters" inherit td="underline">
        {counted('overview.dead', dead.data.items.length)}
      </LinkAnchor>,
    )
  if (errors.data && errors.data.items.length > 0)
    matters.push(
      <LinkAnchor to="/admin/logs" search={{ level: 'ERROR', from }} inherit td="underline">
        {counted('overview.errorLines', errors.data.items.length)}
      </LinkAnchor>,
    )
  if (down > 0)
    matters.push(
      <LinkAnchor to="/admin/topology" inherit td="underline">
        {counted('overview.down', down)}
      </LinkAnchor>,
    )
  if (!dead.data || !errors.data || !topology.data) return null
  const isFine = matters.length === 0
  return (
    <Alert
      variant="light"
      color={isFine ? 'green' : 'yellow'}
      icon={isFine ? <CircleCheck size={18} /> : <TriangleAlert size={18} />}
      c="inherit"
      p="sm"
      mb="md"
      role="status"
    >
      {isFine ? (
        t('overview.fine')
      ) : (
        <List size="sm" listStyleType="none" spacing={2}>
          {matters.map((matter, index) => (
            <List.Item key={index}>{matter}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  )
}
