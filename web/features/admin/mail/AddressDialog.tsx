import { Button, Group, Modal, SegmentedControl, Stack, Textarea, TextInput } from '@mantine/core'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { AccountSelect } from './AccountSelect.tsx'
import type { LocalAddress } from './AddressesPage.tsx'

export interface AddressDialogProps {
  /** Undefined for a new one. */
  address: LocalAddress | undefined
  onClose: () => void
}

export function AddressDialog({ address, onClose }: AddressDialogProps) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(mail.calls.saveAddress, {
    initialValues: {
      address: address?.address ?? '',
      kind: (address?.kind === 'group' ? 'group' : 'alias') as 'alias' | 'group',
      name: address?.name ?? '',
      accountIds: address?.accountIds ?? [],
      forwardTo: address?.forwardTo.join('\n') ?? '',
    },
    validate: {
      address: (address) => (/^\S+@\S+\.\S+$/.test(address.trim()) ? null : t('field.email')),
      accountIds: (ids, { forwardTo }) =>
        ids.length === 0 && forwardTo.trim() === '' ? t('addresses.nobody') : null,
    },
    inputOf: (fields) => ({
      ...fields,
      address: fields.address.trim(),
      forwardTo: linesOf(fields.forwardTo),
    }),
    fieldOf: (path) => path.split('.', 1)[0]!,
    refreshes: [mail.calls.listAddresses, mail.calls.listMailDomains],
    onDone() {
      showNotice(t('action.saved'))
      onClose()
    },
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={address ? address.address : t('addresses.add')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <SegmentedControl
            aria-label={t('addresses.kind')}
            data={[
              { value: 'alias', label: t('addresses.alias') },
              { value: 'group', label: t('addresses.group') },
            ]}
            {...form.getInputProps('kind')}
          />
          {!address && (
            <TextInput
              type="email"
              label={t('addresses.address')}
              description={t(`addresses.${form.values.kind}Hint`)}
              autoComplete="off"
              data-autofocus
              {...form.getInputProps('address')}
            />
          )}
          <TextInput
            label={t('field.name')}
            autoComplete="off"
            maxLength={200}
            {...form.getInputProps('name')}
          />
          <AccountSelect
            label={t('addresses.accounts')}
            value={form.values.accountIds}
            error={form.errors.accountIds}
            onChange={(ids) => form.setFieldValue('accountIds', ids)}
          />
          <Textarea
            label={t('addresses.forwardTo')}
            description={t('addresses.forwardHint')}
            autosize
            minRows={1}
            maxRows={6}
            {...form.getInputProps('forwardTo')}
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

function linesOf(text: string): string[] {
  return text.split(/[\s,;]+/).filter((line) => line !== '')
}
