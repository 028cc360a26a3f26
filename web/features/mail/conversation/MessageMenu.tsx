/** What is done with one message. */
import { ActionIcon, Menu, Text } from '@mantine/core'
import {
  Ban,
  CircleHelp,
  Code,
  Download,
  EllipsisVertical,
  Filter,
  Forward,
  MailWarning,
  OctagonAlert,
  Printer,
  Reply,
  ReplyAll,
  Route,
  ShieldCheck,
} from 'lucide-react'
import { useState } from 'react'
import { addressOf } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import type { Message, ThreadRow } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { perform } from '#web/app/queries.ts'
import { showNotice } from '#web/ui/notices.ts'
import { Question } from '#web/ui/Question.tsx'
import { useCompose } from '../compose/composers.tsx'
import { useMail } from '../mail-context.ts'
import { hrefOf, useGo } from '../place.ts'
import { useList } from '../list/list-context.ts'

export interface MessageMenuProps {
  message: Message
  thread: ThreadRow
  onPanel: (panel: 'why' | 'delivery') => void
}

export function MessageMenu({ message, thread, onPanel }: MessageMenuProps) {
  const { t } = useWords()
  const { mailboxes, changeMail } = useMail()
  const { place } = useList()
  const go = useGo()
  const [asksToBlock, setAsksToBlock] = useState(false)
  const junkId = mailboxes.byRole.get('junk')?.id
  const isJunk = junkId !== undefined && message.mailboxIds.includes(junkId)
  const sender = message.from[0]?.address ?? ''
  const one = { messageIds: [message.id], threadId: message.threadId }
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={270}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={t('mail.more')}>
            <EllipsisVertical size={17} strokeWidth={1.75} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <AnswerItems message={message} />
          <Menu.Divider />
          <Menu.Item
            leftSection={<MailWarning size={16} />}
            onClick={() => {
              void changeMail(one, { isSeen: false }, t('mail.done.unread.one'))
              go(hrefOf(place))
            }}
          >
            {t('mail.markUnread')}
          </Menu.Item>
          {message.isOwn ? (
            <Menu.Item leftSection={<Route size={16} />} onClick={() => onPanel('delivery')}>
              {t('mail.delivery')}
            </Menu.Item>
          ) : (
            <>
              <Menu.Item leftSection={<CircleHelp size={16} />} onClick={() => onPanel('why')}>
                {t('mail.why')}
              </Menu.Item>
              <Menu.Item
                leftSection={isJunk ? <ShieldCheck size={16} /> : <OctagonAlert size={16} />}
                onClick={() => {
                  const done = isJunk ? t('mail.done.notSpam.one') : t('mail.done.spam.one')
                  void changeMail({ threadIds: [thread.id] }, { moveTo: isJunk ? 'inbox' : 'junk' }, done)
                  go(hrefOf(place))
                }}
              >
                {isJunk ? t('mail.notSpam') : t('mail.spam')}
              </Menu.Item>
              <Menu.Item leftSection={<Ban size={16} />} onClick={() => setAsksToBlock(true)}>
                {t('mail.block')}
              </Menu.Item>
              <Menu.Item
                onClick={() =>
                  go(`/mail/settings/filters?${new URLSearchParams({ query: `from:${sender}` })}`)
                }
                leftSection={<Filter size={16} />}
              >
                {t('mail.filterLike')}
              </Menu.Item>
            </>
          )}
          <PaperItems message={message} />
        </Menu.Dropdown>
      </Menu>
      {asksToBlock && (
        <Question
          title={t('mail.block.title', { sender })}
          action={t('mail.block')}
          onConfirm={async () => {
            await perform(mail.calls.saveContact, { address: sender, rule: 'block' })
            showNotice(t('mail.block.done', { sender }))
          }}
          onClose={() => setAsksToBlock(false)}
        >
          <Text size="sm">{t('mail.block.text')}</Text>
        </Question>
      )}
    </>
  )
}

function AnswerItems({ message }: { message: Message }) {
  const { t } = useWords()
  const { reply } = useCompose()
  return (
    <>
      <Menu.Item leftSection={<Reply size={16} />} onClick={() => reply(message, 'reply')}>
        {t('mail.reply')}
      </Menu.Item>
      <Menu.Item leftSection={<ReplyAll size={16} />} onClick={() => reply(message, 'replyAll')}>
        {t('mail.replyAll')}
      </Menu.Item>
      <Menu.Item leftSection={<Forward size={16} />} onClick={() => reply(message, 'forward')}>
        {t('mail.forward')}
      </Menu.Item>
    </>
  )
}

function PaperItems({ message }: { message: Message }) {
  const { t } = useWords()
  const go = useGo()
  return (
    <>
      <Menu.Divider />
      <Menu.Item
        component="a"
        href={`/mail-print/${message.threadId}?message=${message.id}`}
        target="_blank"
        leftSection={<Printer size={16} />}
      >
        {t('mail.print')}
      </Menu.Item>
      <Menu.Item leftSection={<Code size={16} />} onClick={() => go(`/mail/original/${message.id}`)}>
        {t('mail.original')}
      </Menu.Item>
      <Menu.Item
        component="a"
        href={addressOf(mail.calls.downloadMessage, { messageId: message.id })}
        download={`${message.subject.slice(0, 80).replaceAll(/[/\\]/g, '_') || 'message'}.eml`}
        leftSection={<Download size={16} />}
      >
        {t('mail.download')}
      </Menu.Item>
    </>
  )
}
