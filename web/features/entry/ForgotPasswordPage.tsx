import { Anchor, Button, Stack, TextInput } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { useState } from 'react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Empty } from '#web/ui/states.tsx'
import { EntryTitle } from './EntryTitle.tsx'

export function ForgotPasswordPage() {
  const { t } = useWords()
  const [isSent, setSent] = useState(false)
  const { form, submit, isPending, failure } = useCallForm(identity.calls.forgotPassword, {
    initialValues: { userid: '' },
    validate: { userid: (userid) => (userid.trim() === '' ? t('field.needed') : null) },
    onDone: () => setSent(true),
  })
  if (isSent)
    return (
      <>
        <EntryTitle title={t('forgot.title')} />
        <Empty icon={MailCheck} title={t('forgot.sent')} text={t('forgot.sentText')}>
          <Anchor component={Link} to="/sign-in" size="sm">
            {t('forgot.back')}
          </Anchor>
        </Empty>
      </>
    )
  return (
    <>
      <EntryTitle title={t('forgot.title')} text={t('forgot.text')} />
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('signIn.identifier')}
            description={t('signIn.identifierHint')}
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            {...form.getInputProps('userid')}
          />
          <FailureNote text={failure} />
          <Button type="submit" loading={isPending}>
            {t('forgot.action')}
          </Button>
          <Anchor component={Link} to="/sign-in" size="sm">
            {t('forgot.back')}
          </Anchor>
        </Stack>
      </form>
    </>
  )
}
