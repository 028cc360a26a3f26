import { Button, Code, Group, Modal, MultiSelect, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { contracts } from '#contracts/all.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { CopyButton } from '#web/ui/CopyButton.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Note } from '#web/ui/Note.tsx'

const lifetimesDays = [30, 90, 365] as const

export interface NewKeyDialogProps {
  /** What the key is for: the person, or a service. */
  owner: keyof typeof calls
  onClose: () => void
}

const calls = {
  account: { create: identity.calls.createApiKey, list: identity.calls.listApiKeys },
  service: { create: identity.calls.createServiceKey, list: identity.calls.listServiceKeys },
}

export function NewKeyDialog({ owner, onClose }: NewKeyDialogProps) {
  const { t } = useWords()
  const [key, setKey] = useState<string>()
  return (
    <Modal
      opened
      onClose={onClose}
      closeOnClickOutside={key === undefined}
      title={t('keys.add')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      {key === undefined ? (
        <NewKeyForm owner={owner} onKey={setKey} />
      ) : (
        <ShownKey value={key} onClose={onClose} />
      )}
    </Modal>
  )
}

interface NewKeyFormProps extends Pick<NewKeyDialogProps, 'owner'> {
  onKey: (key: string) => void
}

function NewKeyForm({ owner, onKey }: NewKeyFormProps) {
  const { t } = useWords()
  const { create, list } = calls[owner]
  const { form, submit, isPending, failure } = useCallForm(create, {
    initialValues: { name: '', scopes: ['*:read'] as string[], lifetime: '90' },
    validate: {
      name: (name) => (name.trim() === '' ? t('field.needed') : null),
      scopes: (scopes) => (scopes.length === 0 ? t('field.needed') : null),
    },
    inputOf: ({ name, scopes, lifetime }) => ({ name, scopes, expiresAt: inDays(lifetime) }),
    fieldOf: (path) => (path === 'expiresAt' ? 'lifetime' : path.split('.', 1)[0]!),
    refreshes: [list],
    onDone: ({ key }) => onKey(key),
  })
  const services = ['*', ...contracts.map(({ name }) => name)]
  const lifetimes = [
    ...lifetimesDays.map((days) => ({ value: String(days), label: t('keys.days', { days }) })),
    { value: '', label: t('keys.noExpiry') },
  ]
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label={t('field.label')}
          description={t('keys.nameHint')}
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <MultiSelect
          label={t('keys.scopes')}
          description={t('keys.scopesHint')}
          data={services.flatMap((service) => [`${service}:read`, `${service}:write`])}
          searchable
          clearButtonProps={{ 'aria-label': t('action.clear') }}
          {...form.getInputProps('scopes')}
        />
        <NativeSelect label={t('keys.expires')} data={lifetimes} {...form.getInputProps('lifetime')} />
        <FailureNote text={failure} />
        <Group>
          <Button type="submit" loading={isPending}>
            {t('keys.make')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function inDays(days: string): string | null {
  return days === '' ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString()
}

function ShownKey({ value, onClose }: { value: string; onClose: () => void }) {
  const { t } = useWords()
  return (
    <Stack>
      <Note tone="warn">{t('keys.shownOnce')}</Note>
      <Code block style={{ wordBreak: 'break-all', whiteSpace: 'pre-wrap' }}>
        {value}
      </Code>
      <Group>
        <CopyButton text={value} />
        <Button onClick={onClose}>{t('action.done')}</Button>
      </Group>
    </Stack>
  )
}
