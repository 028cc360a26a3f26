/** What was written and not sent. */
import { ActionIcon, Badge, Group, Stack, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Paperclip, PenLine, Trash2 } from 'lucide-react'
import { v7 } from 'uuid'
import type { Draft } from '#contracts/mail/writing.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { List } from '#web/ui/List.tsx'
import { offerAction, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'
import { useCompose } from './composers.tsx'
import classes from './drafts.module.css'

export function DraftsPage() {
  const { t } = useWords()
  const drafts = useInfiniteQuery(pagesOf(mail.calls.listDrafts, {}))
  return (
    <div className={classes.page}>
      <Page title={t('drafts.title')} width="wide">
        <List
          query={drafts}
          empty={<Empty icon={PenLine} title={t('drafts.none')} text={t('drafts.noneText')} />}
        >
          {(items) => (
            <ul className={classes.list} aria-label={t('drafts.title')}>
              {items.map((draft) => (
                <DraftLine key={draft.id} draft={draft} />
              ))}
            </ul>
          )}
        </List>
      </Page>
    </div>
  )
}

function DraftLine({ draft: { id, content, savedAt } }: { draft: Draft }) {
  const { t, ago, number } = useWords()
  const { editDraft } = useCompose()
  const notifyFailure = useFailureNotice()
  const subject = content.subject.trim() || t('drafts.noSubject')
  const restore = useCommand(mail.calls.saveDraft, {
    refreshes: [mail.calls.listDrafts, mail.calls.listMailboxes],
  })
  const discard = useCommand(mail.calls.deleteDraft, {
    refreshes: [mail.calls.listDrafts, mail.calls.listMailboxes],
    onDone: () =>
      offerAction(t('compose.discarded'), {
        label: t('compose.undo'),
        act: () => restore.mutate({ draftId: v7(), version: 0, content }, { onError: notifyFailure }),
      }),
  })
  const people = [...content.to, ...content.cc, ...content.bcc].map(({ name, address }) => name || address)
  const files = content.attachments.filter(({ contentId }) => contentId === undefined).length
  return (
    <li className={classes.line}>
      <UnstyledButton className={classes.open} onClick={() => editDraft(id)}>
        <Stack gap={0} miw={0}>
          <Group gap="xs" wrap="nowrap">
            <Text size="sm" fw={600} truncate {...(people.length === 0 && { c: 'dimmed' })}>
              {people.join(', ') || t('drafts.noRecipient')}
            </Text>
            {files > 0 && (
              <Badge
                flex="none"
                variant="default"
                size="sm"
                fw={500}
                leftSection={<Paperclip size={11} aria-label={t('compose.attachments')} />}
              >
                {number(files)}
              </Badge>
            )}
          </Group>
          <Text size="sm" truncate>
            {subject}
            <Text span c="dimmed">
              {content.text.trim() && ` — ${content.text.trim().slice(0, 160)}`}
            </Text>
          </Text>
        </Stack>
        <Text size="xs" c="dimmed" flex="none">
          {ago(savedAt)}
        </Text>
      </UnstyledButton>
      <Tooltip label={t('compose.discard')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          c="inherit"
          loading={discard.isPending}
          aria-label={t('drafts.discardNamed', { subject })}
          onClick={() => discard.mutate({ draftId: id }, { onError: notifyFailure })}
        >
          <Trash2 size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </li>
  )
}
