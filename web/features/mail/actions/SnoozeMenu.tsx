/** Until when a conversation stays out of the inbox. */
import { Button, Menu, Stack, Text, TextInput } from '@mantine/core'
import { useState, type ReactElement } from 'react'
import { useWords } from '#web/app/language.tsx'
import { localWeek, snoozeTimes } from './snooze-times.ts'

export interface SnoozeMenuProps {
  opened: boolean
  onChange: (opened: boolean) => void
  isSnoozed: boolean
  onSnooze: (until: string | null) => void
  /** The button. */
  children: ReactElement
}

export function SnoozeMenu({ opened, onChange, isSnoozed, onSnooze, children }: SnoozeMenuProps) {
  return (
    <Menu
      opened={opened}
      onChange={onChange}
      position="bottom-start"
      width={280}
      shadow="md"
      trapFocus
      returnFocus
    >
      <Menu.Target>{children}</Menu.Target>
      <Menu.Dropdown>
        {opened && <SnoozeChoices isSnoozed={isSnoozed} onSnooze={onSnooze} onChange={onChange} />}
      </Menu.Dropdown>
    </Menu>
  )
}

function SnoozeChoices({ isSnoozed, onSnooze, onChange }: Omit<SnoozeMenuProps, 'opened' | 'children'>) {
  const { t, locale } = useWords()
  const [picked, setPicked] = useState('')
  const format = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: 'numeric', minute: '2-digit' })
  const date = picked === '' ? undefined : new Date(picked)
  const isPast = date !== undefined && date.getTime() <= Date.now()
  return (
    <>
      <Menu.Label>{t('mail.snooze.until')}</Menu.Label>
      {snoozeTimes(new Date(), localWeek()).map(({ label, at }) => (
        <Menu.Item
          key={label}
          onClick={() => onSnooze(at.toISOString())}
          rightSection={
            <Text size="xs" c="dimmed">
              {format.format(at)}
            </Text>
          }
        >
          {t(label)}
        </Menu.Item>
      ))}
      {isSnoozed && <Menu.Item onClick={() => onSnooze(null)}>{t('mail.snooze.end')}</Menu.Item>}
      <Menu.Divider />
      <Stack gap="xs" p="xs">
        <TextInput
          type="datetime-local"
          label={t('mail.snooze.pick')}
          size="xs"
          value={picked}
          error={isPast && t('field.past')}
          onChange={(event) => setPicked(event.currentTarget.value)}
          onKeyDown={(event) => event.stopPropagation()}
        />
        <Button
          size="xs"
          disabled={date === undefined || isPast}
          onClick={() => {
            if (date) onSnooze(date.toISOString())
            onChange(false)
          }}
        >
          {t('mail.snooze')}
        </Button>
      </Stack>
    </>
  )
}
