/** What the writer has to know or decide before going on. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { useSyncExternalStore } from 'react'
import { useWords } from '#web/app/language.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Note } from '#web/ui/Note.tsx'
import classes from './compose.module.css'
import type { OpenWindow } from './windows.ts'

export interface WindowNotesProps {
  opened: OpenWindow
  problem: string | undefined
}

export function WindowNotes({ opened: { keeper, isRestored }, problem }: WindowNotesProps) {
  const { t, dateTime } = useWords()
  const failureText = useFailureText()
  const { state, theirs, error } = useSyncExternalStore(keeper.subscribe, keeper.view)
  const failure = problem ?? (state === 'refused' ? failureText(error) : undefined)
  const isContested = state === 'changed' || state === 'gone'
  if (failure === undefined && !isContested && !isRestored) return null
  return (
    <Stack className={classes.notes} gap="xs">
      <FailureNote text={failure} />
      {isContested && (
        <Note tone="warn" isAlert>
          <Text size="sm">
            {theirs ? t('compose.changedElsewhere', { time: dateTime(theirs.savedAt) }) : t('compose.gone')}
          </Text>
          <Group gap="xs" mt={6}>
            {theirs && (
              <Button size="xs" variant="default" onClick={() => keeper.takeTheirs()}>
                {t('compose.takeTheirs')}
              </Button>
            )}
            <Button size="xs" variant="default" onClick={() => keeper.keepAsNew()}>
              {t('compose.keepMine')}
            </Button>
          </Group>
        </Note>
      )}
      {isRestored && <Note tone="warn">{t('compose.restored')}</Note>}
    </Stack>
  )
}
