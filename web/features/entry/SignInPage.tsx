/** Identifier and password, or a passkey alone. */
import { Anchor, Button, Divider, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Fingerprint } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { hasPasskeys } from '#web/app/passkeys.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { EntryTitle } from './EntryTitle.tsx'
import { usePasskeySignIn } from './passkey-sign-in.ts'
import { SecondFactor } from './SecondFactor.tsx'
import { useSignedIn } from './signed-in.ts'

const route = getRouteApi('/entry/sign-in')

type SecondFactorNeeded = Extract<OutputOf<typeof identity.calls.login>, { ticket: string }>

export function SignInPage() {
  const { to } = route.useSearch()
  const [needed, setNeeded] = useState<SecondFactorNeeded>()
  const onSignedIn = useSignedIn()
  if (needed)
    return (
      <SecondFactor
        {...needed}
        onBack={() => setNeeded(undefined)}
        onSignedIn={(account) => onSignedIn(account, to)}
      />
    )
  return <FirstFactor onSecondFactor={setNeeded} />
}

function FirstFactor({ onSecondFactor }: { onSecondFactor: (needed: SecondFactorNeeded) => void }) {
  const { t } = useWords()
  const { to, reason } = route.useSearch()
  const onSignedIn = useSignedIn()
  const failureText = useFailureText()
  const passkey = usePasskeySignIn((account) => onSignedIn(account, to))
  const { form, submit, isPending, failure } = useCallForm(identity.calls.login, {
    initialValues: { userid: '', password: '' },
    validate: {
      userid: (userid) => (userid.trim() === '' ? t('field.needed') : null),
      password: (password) => (password === '' ? t('field.needed') : null),
    },
    onDone: (output) => ('ticket' in output ? onSecondFactor(output) : onSignedIn(output.account, to)),
  })
  const passkeyFailure = passkey.error ? failureText(passkey.error) : undefined
  return (
    <>
      <EntryTitle title={t('signIn.title')} text={reason === 'ended' && t('signIn.ended')} />
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('signIn.identifier')}
            description={t('signIn.identifierHint')}
            autoComplete="username webauthn"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            {...form.getInputProps('userid')}
          />
          <PasswordInput
            label={t('field.password.label')}
            autoComplete="current-password"
            {...form.getInputProps('password')}
          />
          <FailureNote text={failure ?? passkeyFailure} />
          <Button type="submit" loading={isPending}>
            {t('signIn.action')}
          </Button>
          <Anchor component={Link} to="/forgot-password" size="sm">
            {t('signIn.forgot')}
          </Anchor>
        </Stack>
      </form>
      {hasPasskeys && (
        <>
          <Divider my="md" label={t('entry.or')} />
          <Button
            fullWidth
            variant="default"
            leftSection={<Fingerprint size={18} />}
            loading={passkey.isPending}
            onClick={passkey.start}
          >
            {t('signIn.passkey')}
          </Button>
        </>
      )}
      <Text size="sm" mt="lg" ta="center">
        {t('signIn.new')}{' '}
        <Anchor component={Link} to="/sign-up" inherit>
          {t('signIn.signUp')}
        </Anchor>
      </Text>
    </>
  )
}
