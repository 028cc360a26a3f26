import { Button, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { CopyButton } from '#web/ui/CopyButton.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Note } from '#web/ui/Note.tsx'
import classes from './programs.module.css'

type Made = OutputOf<typeof identity.calls.createAppPassword>

export function NewProgramDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords()
  const [made, setMade] = useState<Made>()
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={made === undefined}
      title={made === undefined ? t('programs.add') : t('programs.password', { name: made.name })}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {made === undefined ? (
        <NewProgramForm onMade={setMade} />
      ) : (
        <ShownPassword {...made} onClose={onClose} />
      )}
    </Modal>
  )
}

function NewProgramForm({ onMade }: { onMade: (made: Made) => void }) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.createAppPassword, {
    initialValues: { name: '' },
    validate: { name: (name) => (name.trim() === '' ? t('field.needed') : null) },
    refreshes: [identity.calls.listAppPasswords],
    onDone: onMade,
  })
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t('field.label')}
          description={t('programs.nameHint')}
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <FailureNote text={failure} />
        <Group>
          <Button type="submit" loading={isPending}>
            {t('programs.make')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** In groups of four by their looks alone: what is selected and copied has no blanks. */
function ShownPassword({ password, onClose }: Pick<Made, 'password'> & { onClose: () => void }) {
  const { t } = useWords()
  return (
    <Stack>
      <Note tone="warn">{t('programs.shownOnce')}</Note>
      <Code block className={classes.password}>
        {password.match(/.{1,4}/g)?.map((group, index) => (
          <span key={index}>{group}</span>
        ))}
      </Code>
      <Text size="sm" c="dimmed">
        {t('programs.noBlanks')}
      </Text>
      <Group>
        <CopyButton text={password} />
        <Button onClick={onClose}>{t('action.done')}</Button>
      </Group>
    </Stack>
  )
}
