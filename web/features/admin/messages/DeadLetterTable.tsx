import { Anchor, Checkbox, Group, Stack, Text } from '@mantine/core'
import type { OutputOf } from '#contracts/client.ts'
import type { bus } from '#contracts/bus.ts'
import { useWords } from '#web/app/language.tsx'
import { useTimes } from '#web/features/admin/times.ts'
import { DataTable } from '#web/ui/DataTable.tsx'

export type DeadLetter = OutputOf<typeof bus.calls.showDeadLetter>

export interface DeadLetterTableProps {
  letters: readonly DeadLetter[]
  /** Ids. */
  chosen: readonly string[]
  onChoose: (ids: readonly string[]) => void
  onOpen: (id: string) => void
}

export function DeadLetterTable({ letters, chosen, onChoose, onOpen }: DeadLetterTableProps) {
  const { t, number } = useWords()
  const { exact } = useTimes()
  const isChosen = ({ id }: DeadLetter) => chosen.includes(id)
  const all = letters.every(isChosen)
  const toggle = ({ id }: DeadLetter) =>
    onChoose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id])
  return (
    <Stack gap="xs">
      <Checkbox
        label={t('deadLetters.all')}
        checked={all}
        indeterminate={!all && letters.some(isChosen)}
        onChange={() => onChoose(all ? [] : letters.map(({ id }) => id))}
      />
      <DataTable
        label={t('admin.deadLetters')}
        items={letters}
        keyOf={({ id }) => id}
        columns={[
          {
            label: t('deadLetters.event'),
            cell: (letter) => (
              <Group gap="sm" wrap="nowrap" align="flex-start">
                <Checkbox
                  checked={isChosen(letter)}
                  onChange={() => toggle(letter)}
                  aria-label={t('deadLetters.choose', { event: letter.event, time: exact(letter.diedAt) })}
                />
                <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
                  <Anchor
                    component="button"
                    type="button"
                    ta="start"
                    fw={500}
                    onClick={() => onOpen(letter.id)}
                  >
                    {letter.event}
                  </Anchor>
                  <Text size="xs" c="dimmed">
                    {letter.subscription}
                  </Text>
                </Stack>
              </Group>
            ),
          },
          {
            label: t('deadLetters.error'),
            cell: ({ error }) => (
              <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
                {error}
              </Text>
            ),
          },
          { label: t('outbox.tries'), cell: ({ attempts }) => number(attempts) },
          { label: t('deadLetters.died'), cell: ({ diedAt }) => exact(diedAt) },
        ]}
      />
    </Stack>
  )
}
