/** The messages of a conversation, and what answers them. */
import { Button } from '@mantine/core'
import { Forward, Pencil, Reply, ReplyAll } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { Message } from '#contracts/mail/messages.ts'
import { useWords } from '#web/app/language.tsx'
import { useCompose } from '../compose/composers.tsx'
import { useKeys } from '../keys/shortcuts.ts'
import { LabelChip } from '../list/ThreadLine.tsx'
import { useMail } from '../mail-context.ts'
import type { Conversation } from './ConversationPage.tsx'
import { MessageCard } from './MessageCard.tsx'
import classes from './message.module.css'

/** So many folded messages in a row become one line. */
const leastPile = 4

export function ThreadMessages({ conversation }: { conversation: Conversation }) {
  const { t, counted } = useWords()
  const { mailboxes, preferences } = useMail()
  const { compose, reply } = useCompose()
  const { thread, messages, draftIds } = conversation
  const { isOpen, toggle } = useOpenMessages(messages)
  const [showsAll, setShowsAll] = useState(false)
  const [focused, setFocused] = useState(messages.at(-1)?.id)
  const heading = useRef<HTMLHeadingElement>(null)
  const page = useRef<HTMLDivElement>(null)
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  useScrollToFirstOpen(page, messages.length)

  const latest = messages.find(({ id }) => id === focused) ?? messages.at(-1)
  const step = (by: 1 | -1) => {
    const at = messages.findIndex(({ id }) => id === focused)
    const next = messages[Math.max(0, Math.min(messages.length - 1, at + by))]
    if (!next) return
    setFocused(next.id)
    page.current?.querySelector<HTMLElement>(`[data-message="${next.id}"]`)?.focus()
  }
  const answer = (kind: 'reply' | 'replyAll' | 'forward') => () => latest && reply(latest, kind)
  useKeys(
    {
      n: () => step(1),
      p: () => step(-1),
      o: () => focused && toggle(focused),
      r: answer('reply'),
      a: answer('replyAll'),
      f: answer('forward'),
    },
    preferences.hasShortcuts,
  )
  const pile = showsAll ? undefined : pileOf(messages, isOpen)
  return (
    <div className={classes.page} ref={page}>
      <article className={classes.inner}>
        <header className={classes.subject}>
          <h1 ref={heading} tabIndex={-1}>
            {thread.subject || t('mail.noSubject')}
          </h1>
          {thread.mailboxIds.map((id) => {
            const label = mailboxes.labels.find((one) => one.id === id)
            return label && <LabelChip key={id} label={label} />
          })}
        </header>
        {messages.map((message, at) => {
          if (pile && at === pile.from)
            return (
              <button key="pile" type="button" className={classes.pile} onClick={() => setShowsAll(true)}>
                {counted('mail.pile', pile.to - pile.from)}
              </button>
            )
          if (pile && at > pile.from && at < pile.to) return null
          return (
            <MessageCard
              key={message.id}
              message={message}
              thread={thread}
              isOpen={isOpen(message)}
              isFocused={message.id === focused && messages.length > 1}
              onToggle={() => {
                setFocused(message.id)
                toggle(message.id)
              }}
              onMailTo={(address) => compose(contentOfMailTo(address))}
            />
          )
        })}
        {latest && <Answers message={latest} draftIds={draftIds} />}
      </article>
    </div>
  )
}

function Answers({ message, draftIds }: { message: Message; draftIds: readonly string[] }) {
  const { t } = useWords()
  const { reply, editDraft } = useCompose()
  const answer = (kind: 'reply' | 'replyAll' | 'forward') => () => reply(message, kind)
  return (
    <>
      {draftIds.map((id) => (
        <Button
          key={id}
          variant="default"
          mb="xs"
          leftSection={<Pencil size={16} />}
          onClick={() => editDraft(id)}
        >
          {t('mail.draft.continue')}
        </Button>
      ))}
      <div className={classes.replies}>
        <Button variant="default" radius="xl" leftSection={<Reply size={16} />} onClick={answer('reply')}>
          {t('mail.reply')}
        </Button>
        {message.to.length + message.cc.length > 1 && (
          <Button
            variant="default"
            radius="xl"
            leftSection={<ReplyAll size={16} />}
            onClick={answer('replyAll')}
          >
            {t('mail.replyAll')}
          </Button>
        )}
        <Button variant="default" radius="xl" leftSection={<Forward size={16} />} onClick={answer('forward')}>
          {t('mail.forward')}
        </Button>
      </div>
    </>
  )
}

/** The last message and what was not read when it was first seen, unless the person wants otherwise. */
function useOpenMessages(messages: readonly Message[]) {
  const [wishes, setWishes] = useState<ReadonlyMap<string, boolean>>(new Map())
  const first = useRef(new Map<string, boolean>())
  for (const [at, { id, isSeen, isOwn }] of messages.entries())
    if (!first.current.has(id)) first.current.set(id, at === messages.length - 1 || (!isSeen && !isOwn))
  const isOpenById = (id: string) => wishes.get(id) ?? first.current.get(id) ?? false
  return {
    isOpen: ({ id }: Message) => isOpenById(id),
    toggle: (id: string) => setWishes((old) => new Map(old).set(id, !isOpenById(id))),
  }
}

/** The first message and the last folded one before an open one stay. */
function pileOf(messages: readonly Message[], isOpen: (message: Message) => boolean) {
  const from = 1
  let to = from
  while (to < messages.length && !isOpen(messages[to]!)) to += 1
  to -= 1
  return !isOpen(messages[0]!) && to - from >= leastPile ? { from, to } : undefined
}

/** Where the reading begins, in a long conversation. */
function useScrollToFirstOpen(page: React.RefObject<HTMLDivElement | null>, count: number): void {
  useEffect(() => {
    if (count < 3) return
    const first = page.current?.querySelector<HTMLElement>('[data-open]')
    if (first && page.current) page.current.scrollTop = Math.max(0, first.offsetTop - 120)
  }, [])
}

/** RFC 6068. */
function contentOfMailTo(address: string) {
  const [path = '', query = ''] = address.split('?', 2)
  const fields = new URLSearchParams(query)
  const addresses = (text: string) =>
    decodeURIComponent(text)
      .split(',')
      .flatMap((one) => (one.includes('@') ? [{ name: '', address: one.trim() }] : []))
  return { to: addresses(path), subject: fields.get('subject') ?? '', text: fields.get('body') ?? '' }
}
