/** How the person proves who they are. */
import { Button, Group, PasswordInput, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { NewPasswordInput } from '#web/ui/NewPasswordInput.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { PasskeysSection } from './PasskeysSection.tsx'
import { RecoveryCodesDialog } from './RecoveryCodesDialog.tsx'
import { RecoverySection } from './RecoverySection.tsx'
import { TotpSection } from './TotpSection.tsx'

export function SecurityPage() {
  const { t } = useWords()
  const security = useQuery(queryOf(identity.calls.showSecurity, {}))
  const [codes, setCodes] = useState<string[]>([])
  return (
    <Page title={t('account.security')} text={t('security.text')}>
      {security.isPending && <Loading rows={6} />}
      {security.isError && !security.data && (
        <Failed error={security.error} onRetry={() => void security.refetch()} />
      )}
      {security.data && (
        <>
          <PasswordSection changedAt={security.data.passwordChangedAt} />
          <TotpSection since={security.data.totpSince} onCodes={setCodes} />
          <PasskeysSection passkeys={security.data.passkeys} onCodes={setCodes} />
          <RecoverySection
            left={security.data.recoveryCodesLeft}
            isNeeded={security.data.totpSince !== null || security.data.passkeys.length > 0}
            onCodes={setCodes}
          />
        </>
      )}
      {codes.length > 0 && <RecoveryCodesDialog codes={codes} onClose={() => setCodes([])} />}
    </Page>
  )
}

function PasswordSection({ changedAt }: { changedAt: string | null }) {
  const { t, date } = useWords()
  const account = useAccount()
  const [isOpen, setOpen] = useState(false)
  const { form, submit, isPending, failure } = useCallForm(identity.calls.changePassword, {
    initialValues: { password: '', newPassword: '' },
    validate: {
      password: (password) => (password === '' ? t('field.needed') : null),
      newPassword: (password) => (password.length < 8 ? t('field.passwordShort') : null),
    },
    refreshes: [identity.calls.showSecurity],
    onDone() {
      setOpen(false)
      form.reset()
      showNotice(t('password.changed'))
    },
  })
  const action = (
    <Button variant="default" onClick={() => setOpen(true)}>
      {t('password.change')}
    </Button>
  )
  return (
    <Section
      title={t('field.password.label')}
      text={changedAt === null ? t('password.none') : t('password.since', { date: date(changedAt) })}
      actions={!isOpen && changedAt !== null && action}
    >
      {isOpen && (
        <form onSubmit={submit} noValidate>
          <Stack>
            <input
              type="text"
              name="username"
              autoComplete="username"
              value={account.userid ?? account.email ?? ''}
              readOnly
              hidden
            />
            <PasswordInput
              label={t('password.current')}
              autoComplete="current-password"
              autoFocus
              {...form.getInputProps('password')}
            />
            <NewPasswordInput
              label={t('field.newPassword')}
              {...form.getInputProps('newPassword')}
              value={form.values.newPassword}
            />
            <FailureNote text={failure} />
            <Group>
              <Button type="submit" loading={isPending}>
                {t('password.change')}
              </Button>
              <Button variant="subtle" onClick={() => setOpen(false)}>
                {t('action.cancel')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Section>
  )
}
