import { Button, FileButton, Group } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ImageUp, Trash2 } from 'lucide-react'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { perform, useCommand } from '#web/app/queries.ts'
import { changeAccount } from '#web/app/session.ts'
import { useFailureNotice } from '#web/ui/notices.ts'
import { Picture } from '#web/ui/Picture.tsx'
import { Section } from '#web/ui/Section.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { squarePicture } from './square-picture.ts'

export function PictureSection({ account }: { account: Account }) {
  const { t } = useWords()
  const queries = useQueryClient()
  const notifyFailure = useFailureNotice()
  const onDone = (changed: Account) => changeAccount(queries, changed)
  const remove = useCommand(identity.calls.removePicture, { onDone })
  const set = useMutation({
    mutationFn: async (file: File) =>
      perform(identity.calls.setPicture, { upload: await squarePicture(file) }),
    onSuccess: onDone,
    onError: (error) => error instanceof Error && error.name !== 'EncodingError' && notifyFailure(error),
  })
  const isUnreadable = set.error?.name === 'EncodingError'
  return (
    <Section title={t('picture.title')} text={t('picture.text')}>
      <Group>
        <Picture account={account} size={72} />
        <FileButton
          accept="image/png,image/jpeg,image/webp,image/avif"
          onChange={(file) => file && set.mutate(file)}
        >
          {(props) => (
            <Button {...props} variant="default" leftSection={<ImageUp size={16} />} loading={set.isPending}>
              {t('picture.choose')}
            </Button>
          )}
        </FileButton>
        {account.pictureId !== null && (
          <Button
            variant="subtle"
            color="red"
            leftSection={<Trash2 size={16} />}
            loading={remove.isPending}
            onClick={() => remove.mutate({}, { onError: notifyFailure })}
          >
            {t('picture.remove')}
          </Button>
        )}
      </Group>
      <FailureNote text={isUnreadable ? t('picture.unreadable') : undefined} />
    </Section>
  )
}
