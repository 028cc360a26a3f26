/** What can be done with the message, and how far it is kept. */
import { ActionIcon, Button, FileButton, Group, Menu, Tooltip } from '@mantine/core'
import { ALargeSmall, CalendarClock, ChevronUp, Paperclip, PenLine, Trash2 } from 'lucide-react'
import { useState, useSyncExternalStore } from 'react'
import { useWords } from '#web/app/language.tsx'
import classes from './compose.module.css'
import type { TiptapEditor } from './Editor.tsx'
import { ScheduleDialog } from './ScheduleDialog.tsx'
import { suggestedTimes } from './send-times.ts'
import { SignatureMenu } from './SignatureMenu.tsx'
import type { OpenWindow } from './windows.ts'

export interface WindowFootProps {
  opened: OpenWindow
  editor: TiptapEditor | undefined
  isSending: boolean
  areToolsShown: boolean
  onTools: () => void
  onFiles: (files: File[]) => void
  onSend: (sendAt?: Date) => void
  onDiscard: () => void
}

export function WindowFoot(props: WindowFootProps) {
  const { opened, editor, isSending, areToolsShown, onTools, onFiles, onSend, onDiscard } = props
  const { t } = useWords()
  return (
    <div className={classes.foot}>
      <SendButton isSending={isSending} onSend={onSend} />
      <FileButton multiple onChange={onFiles}>
        {(button) => (
          <Tooltip label={t('compose.attach')}>
            <ActionIcon
              {...button}
              variant="subtle"
              color="gray"
              c="inherit"
              aria-label={t('compose.attach')}
            >
              <Paperclip size={18} aria-hidden />
            </ActionIcon>
          </Tooltip>
        )}
      </FileButton>
      <Tooltip label={t('format.tools')}>
        <ActionIcon
          variant={areToolsShown ? 'light' : 'subtle'}
          color="gray"
          c="inherit"
          aria-label={t('format.tools')}
          aria-pressed={areToolsShown}
          onClick={onTools}
        >
          <ALargeSmall size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <SignatureMenu editor={editor} icon={PenLine} />
      <KeepingText opened={opened} />
      <Tooltip label={t('compose.discard')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="inherit"
          aria-label={t('compose.discard')}
          onClick={onDiscard}
        >
          <Trash2 size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </div>
  )
}

function SendButton({ isSending, onSend }: Pick<WindowFootProps, 'isSending' | 'onSend'>) {
  const { t, dateTime } = useWords()
  const [isPicking, setPicking] = useState(false)
  return (
    <Group gap={1} wrap="nowrap">
      <Tooltip label="Ctrl+Enter">
        <Button
          size="sm"
          loading={isSending}
          onClick={() => onSend()}
          style={{ borderStartEndRadius: 0, borderEndEndRadius: 0 }}
        >
          {t('compose.send')}
        </Button>
      </Tooltip>
      <Menu position="top-start" withArrow>
        <Menu.Target>
          <Button
            size="sm"
            px={6}
            disabled={isSending}
            aria-label={t('compose.sendLater')}
            style={{ borderStartStartRadius: 0, borderEndStartRadius: 0 }}
          >
            <ChevronUp size={16} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t('compose.sendLater')}</Menu.Label>
          {suggestedTimes(new Date()).map(({ label, time }) => (
            <Menu.Item
              key={label}
              onClick={() => onSend(time)}
              rightSection={<small>{dateTime(time)}</small>}
            >
              {t(label)}
            </Menu.Item>
          ))}
          <Menu.Item leftSection={<CalendarClock size={16} aria-hidden />} onClick={() => setPicking(true)}>
            {t('compose.pickTime')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {isPicking && (
        <ScheduleDialog
          onPick={(time) => {
            setPicking(false)
            onSend(time)
          }}
          onClose={() => setPicking(false)}
        />
      )}
    </Group>
  )
}

function KeepingText({ opened: { keeper } }: Pick<WindowFootProps, 'opened'>) {
  const { t } = useWords()
  const { state, version } = useSyncExternalStore(keeper.subscribe, keeper.view)
  const isUntouched = state === 'saved' && version === 0
  return (
    <span className={classes.state} role="status" data-keeping={isUntouched ? 'empty' : state}>
      {isUntouched ? '' : t(`compose.state.${state}`)}
    </span>
  )
}
