/** The six digits that were sent to a phone number or e-mail address. */
import { Anchor, Button, SegmentedControl, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { CallError } from '#contracts/errors.ts'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, useCommand } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { CodeInput } from '#web/ui/CodeInput.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { showNotice } from '#web/ui/notices.ts'
import { Empty } from '#web/ui/states.tsx'
import { EntryTitle } from './EntryTitle.tsx'
import { useCountdown } from './countdown.ts'

const route = getRouteApi('/entry/verify')

export type Channel = 'phone' | 'email'

export function VerifyPage() {
  const { t } = useWords()
  const account = useAccount()
  const { channel: wished } = route.useSearch()
  const open = openChannels(account)
  const [chosen, setChosen] = useState<Channel>()
  const channel = chosen ?? open.find((one) => one === wished) ?? open[0]
  return (
    <>
      <EntryTitle title={t('verify.title')} />
      {channel === undefined ? (
        <Empty title={t('verify.nothing')} />
      ) : (
        <Stack>
          {open.length > 1 && (
            <SegmentedControl
              fullWidth
              aria-label={t('verify.channel')}
              value={channel}
              onChange={(value) => setChosen(value as Channel)}
              data={open.map((value) => ({ value, label: t(`verify.${value}`) }))}
            />
          )}
          <CodeForm key={channel} account={account} channel={channel} />
        </Stack>
      )}
      <Text size="sm" mt="lg" ta="center">
        <Anchor component={Link} to="/" inherit>
          {channel === undefined ? t('notFound.home') : t('verify.later')}
        </Anchor>
      </Text>
    </>
  )
}

/** What the account has and has not verified. */
function openChannels({ phone, email, isPhoneVerified, isEmailVerified }: Account): Channel[] {
  return [
    ...(phone !== null && !isPhoneVerified ? (['phone'] as const) : []),
    ...(email !== null && !isEmailVerified ? (['email'] as const) : []),
  ]
}

const calls = { phone: identity.calls.verifyPhoneNumber, email: identity.calls.verifyEmail } as const
const resendSeconds = 60

function CodeForm({ account, channel }: { account: Account; channel: Channel }) {
  const { t } = useWords()
  const failureText = useFailureText()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { sent } = route.useSearch()
  const [code, setCode] = useState('')
  const [secondsLeft, startCountdown] = useCountdown(sent ? resendSeconds : 0)
  const resend = useCommand(identity.calls.sendVerificationCode, {
    onDone: () => startCountdown(resendSeconds),
  })
  const verify = useCommand(calls[channel], {
    async onDone() {
      showNotice(t('verify.done'))
      await queries.invalidateQueries({ queryKey: keyOf(identity.calls.showMe) })
      await navigate({ to: '/' })
    },
  })
  useEffect(() => {
    if (!sent) resend.mutate({ channel }, { onError: waitAsTold })
  }, [channel, sent])

  /** A code was sent a moment ago: it counts. */
  function waitAsTold(error: Error): void {
    if (error instanceof CallError && error.code === 'tooManyRequests')
      startCountdown(error.retryAfterSeconds ?? resendSeconds)
  }
  const send = (otp: string) => verify.mutate({ userid: identifierOf(account), otp })
  const isWaiting = resend.error instanceof CallError && resend.error.code === 'tooManyRequests'
  const failure = verify.error ?? (isWaiting ? null : resend.error)
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        send(code)
      }}
    >
      <Stack>
        <Text size="sm">{t('verify.sent', { address: account[channel] ?? '' })}</Text>
        <CodeInput label={t('field.code')} value={code} onChange={setCode} onComplete={send} autoFocus />
        <FailureNote text={failure ? failureText(failure) : undefined} />
        <Button type="submit" loading={verify.isPending} disabled={code.length < 6}>
          {t('verify.action')}
        </Button>
        {secondsLeft > 0 ? (
          <Text size="sm" c="dimmed" ta="center">
            {t('verify.resendIn', { seconds: secondsLeft })}
          </Text>
        ) : (
          <Button
            variant="subtle"
            size="compact-sm"
            loading={resend.isPending}
            onClick={() => resend.mutate({ channel }, { onError: waitAsTold })}
          >
            {t('verify.resend')}
          </Button>
        )}
      </Stack>
    </form>
  )
}

function identifierOf({ userid, email, phone }: Account): string {
  return userid ?? email ?? phone ?? ''
}
