/** The link of a message with which a new password is set; also the first one of somebody who was invited. */
import { Anchor, Button, Stack } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { NewPasswordInput } from '#web/ui/NewPasswordInput.tsx'
import { Empty } from '#web/ui/states.tsx'
import { EntryTitle } from './EntryTitle.tsx'

const route = getRouteApi('/entry/reset-password')

export function ResetPasswordPage() {
  const { t } = useWords()
  const { token = '', invited } = route.useSearch()
  const [isDone, setDone] = useState(false)
  const title = invited ? t('reset.titleInvited') : t('reset.title')
  const { form, submit, isPending, failure } = useCallForm(identity.calls.resetPassword, {
    initialValues: { password: '' },
    validate: { password: (password) => (password.length < 8 ? t('field.passwordShort') : null) },
    inputOf: ({ password }) => ({ token, password }),
    onDone: () => setDone(true),
  })
  if (isDone)
    return (
      <>
        <EntryTitle title={title} />
        <Empty icon={KeyRound} title={t('reset.done')}>
          <Button component={Link} to="/sign-in" mt="xs">
            {t('signIn.action')}
          </Button>
        </Empty>
      </>
    )
  return (
    <>
      <EntryTitle title={title} text={invited ? t('reset.textInvited') : t('reset.text')} />
      <form onSubmit={submit} noValidate>
        <Stack>
          <NewPasswordInput
            label={t('field.newPassword')}
            autoFocus
            {...form.getInputProps('password')}
            value={form.values.password}
          />
          <FailureNote text={failure ?? (token === '' ? t('failure.linkExpired') : undefined)} />
          <Button type="submit" loading={isPending} disabled={token === ''}>
            {t('reset.action')}
          </Button>
          <Anchor component={Link} to="/forgot-password" size="sm">
            {t('reset.again')}
          </Anchor>
        </Stack>
      </form>
    </>
  )
}
