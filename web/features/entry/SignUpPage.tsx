/** A new account: with a mailbox on our domain, or by an e-mail address elsewhere. */
import { Anchor, Button, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { perform, queryOf } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { NewPasswordInput } from '#web/ui/NewPasswordInput.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import { EntryTitle } from './EntryTitle.tsx'
import { useSignedIn } from './signed-in.ts'
import { UseridInput } from './UseridInput.tsx'

type Installation = OutputOf<typeof identity.calls.showInstallation>
type Kind = 'mailbox' | 'email'

export function SignUpPage() {
  const { t } = useWords()
  const installation = useQuery(queryOf(identity.calls.showInstallation, {}))
  return (
    <>
      <EntryTitle title={t('signUp.title')} text={t('signUp.text')} />
      {installation.isPending && <Loading rows={5} />}
      {installation.isError && (
        <Failed error={installation.error} onRetry={() => void installation.refetch()} />
      )}
      {installation.data && <SignUp installation={installation.data} />}
      <Text size="sm" mt="lg" ta="center">
        {t('signUp.known')}{' '}
        <Anchor component={Link} to="/sign-in" inherit>
          {t('signIn.action')}
        </Anchor>
      </Text>
    </>
  )
}

function SignUp({ installation: { signUp, domains } }: { installation: Installation }) {
  const { t } = useWords()
  const [kind, setKind] = useState<Kind>('mailbox')
  if (signUp === 'nobody') return <Text>{t('failure.signUpClosed')}</Text>
  if (signUp === 'customers') return <SignUpForm kind="email" domain={domains[0] ?? ''} />
  return (
    <Stack>
      <SegmentedControl
        fullWidth
        aria-label={t('signUp.kind')}
        value={kind}
        onChange={(value) => setKind(value as Kind)}
        data={[
          { value: 'mailbox', label: t('signUp.kindMailbox') },
          { value: 'email', label: t('signUp.kindEmail') },
        ]}
      />
      <SignUpForm key={kind} kind={kind} domain={domains[0] ?? ''} />
    </Stack>
  )
}

function SignUpForm({ kind, domain }: { kind: Kind; domain: string }) {
  const { t, language } = useWords()
  const signIn = useFirstSignIn()
  const needed = (value: string) => (value.trim() === '' ? t('field.needed') : null)
  const { form, submit, isPending, failure } = useCallForm(identity.calls.createProfile, {
    initialValues: { name: '', userid: '', email: '', phone: '', password: '' },
    validate: {
      name: needed,
      userid: (userid) => (kind === 'mailbox' ? needed(userid) : null),
      email: (email) => (kind === 'email' ? needed(email) : null),
      password: (password) => (password.length < 8 ? t('field.passwordShort') : null),
    },
    inputOf: ({ name, userid, email, phone, password }) => ({
      name,
      password,
      language,
      ...(kind === 'mailbox' ? { userid } : { email }),
      ...(phone.trim() !== '' && { phone }),
    }),
    onDone: ({ userid, email }, { password }) => signIn(userid ?? email ?? '', password),
  })
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput label={t('field.name')} autoComplete="name" {...form.getInputProps('name')} />
        {kind === 'mailbox' ? (
          <UseridInput domain={domain} {...form.getInputProps('userid')} value={form.values.userid} />
        ) : (
          <TextInput
            type="email"
            label={t('field.email.label')}
            autoComplete="email"
            inputMode="email"
            {...form.getInputProps('email')}
          />
        )}
        <TextInput
          type="tel"
          label={t('field.phone.label')}
          description={kind === 'mailbox' ? t('signUp.phoneHint') : t('signUp.phoneOptional')}
          placeholder="01712 345678"
          autoComplete="tel"
          inputMode="tel"
          {...form.getInputProps('phone')}
        />
        <NewPasswordInput
          label={t('field.password.label')}
          {...form.getInputProps('password')}
          value={form.values.password}
        />
        <FailureNote text={failure} />
        <Button type="submit" loading={isPending}>
          {t('signUp.action')}
        </Button>
      </Stack>
    </form>
  )
}

/** The password is still at hand, so nobody has to type it again. */
function useFirstSignIn(): (userid: string, password: string) => void {
  const onSignedIn = useSignedIn()
  return (userid, password) =>
    void perform(identity.calls.login, { userid, password }).then(
      (output) => {
        if (!('account' in output)) return onSignedOut()
        const { account } = output
        onSignedIn(account, account.phone || account.email ? '/verify?sent=1' : '/')
      },
      () => onSignedOut(),
    )
}

function onSignedOut(): void {
  location.assign('/sign-in')
}
