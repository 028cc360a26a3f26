/** The password was right; now a code, a passkey or a recovery code. */
import { Anchor, Button, Stack, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { ArrowLeft, Fingerprint } from 'lucide-react'
import { useState } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import type { SecondFactorMethod } from '#contracts/identity/sign-in.ts'
import { CallError } from '#contracts/errors.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { askForPasskey, hasPasskeys } from '#web/app/passkeys.ts'
import { perform } from '#web/app/queries.ts'
import { CodeInput } from '#web/ui/CodeInput.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { EntryTitle } from './EntryTitle.tsx'

type Method = (typeof SecondFactorMethod)['options'][number]

export interface SecondFactorProps {
  ticket: string
  methods: Method[]
  passkeyOptions: Record<string, unknown> | null
  onBack: () => void
  onSignedIn: (account: Account) => void
}

export function SecondFactor({ ticket, methods, passkeyOptions, onBack, onSignedIn }: SecondFactorProps) {
  const { t } = useWords()
  const usable = methods.filter((method) => method !== 'passkey' || hasPasskeys)
  const [method, setMethod] = useState<Method>(usable[0] ?? 'recoveryCode')
  const finish = useMutation({
    mutationFn: (proof: Proof) => perform(identity.calls.finishLogin, { ticket, ...proof }),
    onSuccess: ({ account }) => onSignedIn(account),
  })
  const passkey = useMutation({
    mutationFn: () => askForPasskey(passkeyOptions ?? {}),
    onSuccess: (passkey) => finish.mutate({ passkey }),
  })
  const failure = useSecondFactorFailure(finish.error ?? passkey.error)
  return (
    <>
      <EntryTitle title={t('secondFactor.title')} text={t(`secondFactor.${method}.text`)} />
      <Stack>
        {method === 'totp' && (
          <TotpForm isPending={finish.isPending} onCode={(totp) => finish.mutate({ totp })} />
        )}
        {method === 'recoveryCode' && (
          <RecoveryForm
            isPending={finish.isPending}
            onCode={(recoveryCode) => finish.mutate({ recoveryCode })}
          />
        )}
        {method === 'passkey' && (
          <Button
            leftSection={<Fingerprint size={18} />}
            loading={passkey.isPending || finish.isPending}
            onClick={() => passkey.mutate()}
          >
            {t('secondFactor.passkey')}
          </Button>
        )}
        <FailureNote text={failure} />
        {usable
          .filter((other) => other !== method)
          .map((other) => (
            <Anchor
              key={other}
              component="button"
              type="button"
              size="sm"
              ta="start"
              onClick={() => setMethod(other)}
            >
              {t(`secondFactor.${other}.choose`)}
            </Anchor>
          ))}
        <Button
          variant="subtle"
          size="compact-sm"
          leftSection={<ArrowLeft size={14} />}
          onClick={onBack}
          mr="auto"
        >
          {t('secondFactor.back')}
        </Button>
      </Stack>
    </>
  )
}

type Proof = { totp: string } | { recoveryCode: string } | { passkey: Record<string, unknown> }

function useSecondFactorFailure(error: Error | null): string | undefined {
  const { t } = useWords()
  const failureText = useFailureText()
  if (!error) return undefined
  const code = error instanceof CallError ? error.code : ''
  if (code === 'cancelled') return undefined
  return code === 'wrongCredentials' ? t('failure.wrongCode') : failureText(error)
}

function TotpForm({ isPending, onCode }: { isPending: boolean; onCode: (code: string) => void }) {
  const { t } = useWords()
  const [code, setCode] = useState('')
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    onCode(code)
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <CodeInput label={t('field.code')} value={code} onChange={setCode} onComplete={onCode} autoFocus />
        <Button type="submit" loading={isPending} disabled={code.length < 6}>
          {t('signIn.action')}
        </Button>
      </Stack>
    </form>
  )
}

function RecoveryForm({ isPending, onCode }: { isPending: boolean; onCode: (code: string) => void }) {
  const { t } = useWords()
  const [code, setCode] = useState('')
  const submit = (event: React.FormEvent) => {
    event.preventDefault()
    onCode(code.trim())
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t('field.recoveryCode')}
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          ff="monospace"
        />
        <Button type="submit" loading={isPending} disabled={code.trim() === ''}>
          {t('signIn.action')}
        </Button>
      </Stack>
    </form>
  )
}
