/** Lines as they are stored, the newest first. */
import { Badge, Button, Group, Text } from '@mantine/core'
import { Pause, Play, ScrollText } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { useWords } from '#web/app/language.tsx'
import { useStream } from '#web/app/queries.ts'
import { Empty, Failed } from '#web/ui/states.tsx'
import { LineList } from './LineList.tsx'
import type { LogFilter } from './log-filter.ts'

type TailedLine = OutputOf<typeof logs.streams.tail>

const mostLines = 500

export function TailedLines({ filter }: { filter: LogFilter }) {
  const { t, counted } = useWords()
  const { items, error } = useStream(logs.streams.tail, filter, { keep: mostLines })
  /** What is shown while it stands still. */
  const [held, setHeld] = useState<readonly TailedLine[]>()
  const shown = held ?? items
  const newest = held?.at(-1)
  const missed = held ? items.length - 1 - items.findLastIndex(({ id }) => id === newest?.id) : 0
  return (
    <>
      <Group gap="sm">
        <Button
          variant="default"
          size="xs"
          leftSection={held ? <Play size={14} /> : <Pause size={14} />}
          onClick={() => setHeld(held ? undefined : items)}
        >
          {held ? t('logs.resume') : t('logs.pause')}
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {held ? counted('logs.waiting', missed) : t('logs.tailing', { count: mostLines })}
        </Text>
        {!held && !error && (
          <Badge variant="dot" tt="none" fw={500}>
            {t('connection.connected')}
          </Badge>
        )}
      </Group>
      {error ? (
        <Failed error={error} />
      ) : shown.length === 0 ? (
        <Empty icon={ScrollText} title={t('logs.quiet')} text={t('logs.quietText')} />
      ) : (
        <LineList lines={shown.toReversed()} />
      )}
    </>
  )
}
