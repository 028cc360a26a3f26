import {
  ActionIcon,
  Badge,
  Button,
  Group,
  Modal,
  Stack,
  Table,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Fingerprint, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { hasPasskeys, makePasskey } from '#web/app/passkeys.ts'
import { keyOf, perform, useCommand } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { deviceName } from './device-name.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'

type Passkey = OutputOf<typeof identity.calls.showSecurity>['passkeys'][number]

export interface PasskeysSectionProps {
  passkeys: Passkey[]
  onCodes: (codes: string[]) => void
}

export function PasskeysSection({ passkeys, onCodes }: PasskeysSectionProps) {
  const { t } = useWords()
  const queries = useQueryClient()
  const notifyFailure = useFailureNotice()
  const [renamed, setRenamed] = useState<Passkey>()
  const add = useMutation({
    mutationFn: addPasskey,
    onError: notifyFailure,
    onSuccess({ recoveryCodes }) {
      void queries.invalidateQueries({ queryKey: keyOf(identity.calls.showSecurity) })
      onCodes(recoveryCodes)
      showNotice(t('passkeys.added'))
    },
  })
  const action = (
    <Button leftSection={<Fingerprint size={18} />} loading={add.isPending} onClick={() => add.mutate()}>
      {t('passkeys.add')}
    </Button>
  )
  return (
    <Section
      title={t('passkeys.title')}
      text={hasPasskeys ? t('passkeys.text') : t('passkeys.unsupported')}
      actions={hasPasskeys && action}
    >
      {passkeys.length > 0 && (
        <Table>
          <Table.Tbody>
            {passkeys.map((passkey) => (
              <PasskeyRow key={passkey.id} passkey={passkey} onRename={() => setRenamed(passkey)} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {renamed && <RenameDialog passkey={renamed} onClose={() => setRenamed(undefined)} />}
    </Section>
  )
}

async function addPasskey() {
  const { ticket, options } = await perform(identity.calls.startPasskey, { purpose: 'add' })
  const passkey = await makePasskey(options)
  return perform(identity.calls.addPasskey, { ticket, name: deviceName(), passkey })
}

function PasskeyRow({
  passkey: { id, name, createdAt, lastUsedAt, isSynced },
  onRename,
}: {
  passkey: Passkey
  onRename: () => void
}) {
  const { t, date, ago } = useWords()
  const notifyFailure = useFailureNotice()
  const remove = useCommand(identity.calls.removePasskey, { refreshes: [identity.calls.showSecurity] })
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="xs">
          <Text fw={500}>{name}</Text>
          {isSynced && (
            <Badge variant="light" tt="none" fw={500}>
              {t('passkeys.synced')}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {t('passkeys.made', { date: date(createdAt) })} ·{' '}
          {lastUsedAt === null ? t('passkeys.unused') : t('passkeys.used', { ago: ago(lastUsedAt) })}
        </Text>
      </Table.Td>
      <Table.Td w={96}>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Tooltip label={t('passkeys.rename')}>
            <ActionIcon variant="subtle" aria-label={t('passkeys.renameNamed', { name })} onClick={onRename}>
              <Pencil size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t('passkeys.remove')}>
            <ActionIcon
              variant="subtle"
              color="red"
              aria-label={t('passkeys.removeNamed', { name })}
              loading={remove.isPending}
              onClick={() => remove.mutate({ id }, { onError: notifyFailure })}
            >
              <Trash2 size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Table.Td>
    </Table.Tr>
  )
}

function RenameDialog({ passkey: { id, name }, onClose }: { passkey: Passkey; onClose: () => void }) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.renamePasskey, {
    initialValues: { name },
    validate: { name: (name) => (name.trim() === '' ? t('field.needed') : null) },
    inputOf: ({ name }) => ({ id, name }),
    refreshes: [identity.calls.showSecurity],
    onDone: onClose,
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('passkeys.rename')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('field.label')}
            maxLength={100}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
