import { Kbd, Modal, SimpleGrid, Text, Title } from '@mantine/core'
import { useWords } from '#web/app/language.tsx'
import type { PlainKey } from '#web/messages/messages.ts'
import classes from './overlay.module.css'

const groups: [PlainKey, [string, PlainKey][]][] = [
  [
    'mail.keys.moving',
    [
      ['j', 'mail.keys.next'],
      ['k', 'mail.keys.previous'],
      ['o', 'mail.keys.open'],
      ['u', 'mail.keys.back'],
      ['n', 'mail.keys.nextMessage'],
      ['p', 'mail.keys.previousMessage'],
      ['/', 'mail.keys.search'],
    ],
  ],
  [
    'mail.keys.acting',
    [
      ['x', 'mail.keys.select'],
      ['* a', 'mail.keys.selectAll'],
      ['* n', 'mail.keys.selectNone'],
      ['e', 'mail.archive'],
      ['#', 'mail.delete'],
      ['!', 'mail.spam'],
      ['s', 'mail.keys.star'],
      ['b', 'mail.snooze'],
      ['v', 'mail.move'],
      ['l', 'mail.label'],
      ['m', 'mail.mute'],
      ['I', 'mail.markRead'],
      ['U', 'mail.markUnread'],
      ['z', 'mail.undo'],
    ],
  ],
  [
    'mail.keys.writing',
    [
      ['c', 'mail.compose'],
      ['r', 'mail.reply'],
      ['a', 'mail.replyAll'],
      ['f', 'mail.forward'],
    ],
  ],
  [
    'mail.keys.going',
    [
      ['g i', 'mail.place.inbox'],
      ['g s', 'mail.place.starred'],
      ['g b', 'mail.place.snoozed'],
      ['g t', 'mail.place.sent'],
      ['g d', 'mail.place.drafts'],
      ['g a', 'mail.place.all'],
      ['g !', 'mail.place.junk'],
      ['g l', 'mail.labels'],
    ],
  ],
]

export function ShortcutOverlay({ onClose }: { onClose: () => void }) {
  const { t } = useWords()
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={t('shortcuts.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        {groups.map(([title, rows]) => (
          <section key={title}>
            <Title order={3} mb="xs">
              {t(title)}
            </Title>
            {rows.map(([keys, text]) => (
              <div key={keys} className={classes.row}>
                <Text size="sm">{t(text)}</Text>
                <span className={classes.keys}>
                  {keys.split(' ').map((key) => (
                    <Kbd key={key}>{/[A-Z]/.test(key) ? `Shift ${key.toLowerCase()}` : key}</Kbd>
                  ))}
                </span>
              </div>
            ))}
          </section>
        ))}
      </SimpleGrid>
    </Modal>
  )
}
