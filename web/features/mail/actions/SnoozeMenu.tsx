/** Until when a conversation stays out of the inbox. */
import { Button, Divider, Group, Popover, Stack, Text, TextInput, UnstyledButton } from '@mantine/core'
import { cloneElement, useState, type ReactElement } from 'react'
import { useWords } from '#web/app/language.tsx'
import classes from './picker.module.css'
import { localWeek, snoozeTimes } from './snooze-times.ts'

export interface SnoozeMenuProps {
  opened: boolean
  onChange: (opened: boolean) => void
  isSnoozed: boolean
  onSnooze: (until: string | null) => void
  /** The button. */
  children: ReactElement<{ onClick?: () => void }>
}

export function SnoozeMenu({ opened, onChange, isSnoozed, onSnooze, children }: SnoozeMenuProps) {
  const { t } = useWords()
  const snooze = (until: string | null) => {
    onChange(false)
    onSnooze(until)
  }
  return (
    <Popover
      opened={opened}
      onChange={onChange}
      position="bottom-start"
      width={280}
      shadow="md"
      trapFocus
      returnFocus
    >
      <Popover.Target>{cloneElement(children, { onClick: () => onChange(!opened) })}</Popover.Target>
      <Popover.Dropdown p="xs" aria-label={t('mail.snooze.until')}>
        {opened && <SnoozeChoices isSnoozed={isSnoozed} onSnooze={snooze} />}
      </Popover.Dropdown>
    </Popover>
  )
}

function SnoozeChoices({ isSnoozed, onSnooze }: Pick<SnoozeMenuProps, 'isSnoozed' | 'onSnooze'>) {
  const { t, locale } = useWords()
  const [picked, setPicked] = useState('')
  const format = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: 'numeric', minute: '2-digit' })
  const date = picked === '' ? undefined : new Date(picked)
  const isPast = date !== undefined && date.getTime() <= Date.now()
  return (
    <Stack gap={2}>
      <Text size="xs" c="dimmed" px={6}>
        {t('mail.snooze.until')}
      </Text>
      {snoozeTimes(new Date(), localWeek()).map(({ label, at }) => (
        <UnstyledButton key={label} className={classes.choice} onClick={() => onSnooze(at.toISOString())}>
          <Group justify="space-between" component="span">
            {t(label)}
            <Text size="xs" c="dimmed" component="span">
              {format.format(at)}
            </Text>
          </Group>
        </UnstyledButton>
      ))}
      {isSnoozed && (
        <UnstyledButton className={classes.choice} onClick={() => onSnooze(null)}>
          {t('mail.snooze.end')}
        </UnstyledButton>
      )}
      <Divider my={4} />
      <TextInput
        type="datetime-local"
        label={t('mail.snooze.pick')}
        size="xs"
        px={6}
        value={picked}
        error={isPast && t('field.past')}
        onChange={(event) => setPicked(event.currentTarget.value)}
      />
      <Button
        size="xs"
        mx={6}
        mt={4}
        disabled={date === undefined || isPast}
        onClick={() => date && onSnooze(date.toISOString())}
      >
        {t('mail.snooze')}
      </Button>
    </Stack>
  )
}
