import { Button, Divider, Modal, PasswordInput, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Fingerprint } from 'lucide-react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { askForPasskey, hasPasskeys } from '#web/app/passkeys.ts'
import { perform } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'

export function ConfirmDialog({ onClose }: { onClose: (isConfirmed: boolean) => void }) {
  const { t } = useWords()
  const account = useAccount()
  const failureText = useFailureText()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.confirmIdentity, {
    initialValues: { password: '' },
    validate: { password: (password) => (password === '' ? t('field.needed') : null) },
    onDone: () => onClose(true),
  })
  const passkey = useMutation({ mutationFn: confirmByPasskey, onSuccess: () => onClose(true) })
  const passkeyFailure = passkey.error ? failureText(passkey.error) : undefined
  return (
    <Modal
      opened
      onClose={() => onClose(false)}
      title={t('confirm.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text size="sm">{t('confirm.text')}</Text>
          <input
            type="text"
            name="username"
            autoComplete="username"
            value={account.userid ?? account.email ?? ''}
            readOnly
            hidden
          />
          <PasswordInput
            label={t('field.password.label')}
            autoComplete="current-password"
            data-autofocus
            {...form.getInputProps('password')}
          />
          <FailureNote text={failure ?? passkeyFailure} />
          <Button type="submit" loading={isPending}>
            {t('confirm.action')}
          </Button>
          {hasPasskeys && (
            <>
              <Divider label={t('entry.or')} />
              <Button
                variant="default"
                leftSection={<Fingerprint size={18} />}
                loading={passkey.isPending}
                onClick={() => passkey.mutate()}
              >
                {t('confirm.passkey')}
              </Button>
            </>
          )}
        </Stack>
      </form>
    </Modal>
  )
}

async function confirmByPasskey(): Promise<void> {
  const { ticket, options } = await perform(identity.calls.startPasskey, { purpose: 'confirm' })
  const passkey = await askForPasskey(options)
  await perform(identity.calls.confirmIdentity, { ticket, passkey })
}
