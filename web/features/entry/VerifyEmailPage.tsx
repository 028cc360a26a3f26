/** The link of an e-mail that verifies its address. It waits for a person: programs that scan mail open links too. */
import { Anchor, Button, Stack } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { MailCheck } from 'lucide-react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, useCommand } from '#web/app/queries.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { Empty } from '#web/ui/states.tsx'
import { EntryTitle } from './EntryTitle.tsx'

const route = getRouteApi('/entry/verify-email')

export function VerifyEmailPage() {
  const { t } = useWords()
  const { token = '' } = route.useSearch()
  const queries = useQueryClient()
  const failureText = useFailureText()
  const verify = useCommand(identity.calls.verifyEmail, {
    onDone: () => void queries.invalidateQueries({ queryKey: keyOf(identity.calls.showMe) }),
  })
  if (verify.isSuccess)
    return (
      <>
        <EntryTitle title={t('verifyEmail.title')} />
        <Empty icon={MailCheck} title={t('verify.done')}>
          <Button component={Link} to="/" mt="xs">
            {t('action.continue')}
          </Button>
        </Empty>
      </>
    )
  return (
    <>
      <EntryTitle title={t('verifyEmail.title')} text={t('verifyEmail.text')} />
      <Stack>
        <FailureNote
          text={
            verify.error ? failureText(verify.error) : token === '' ? t('failure.linkExpired') : undefined
          }
        />
        <Button loading={verify.isPending} disabled={token === ''} onClick={() => verify.mutate({ token })}>
          {t('verifyEmail.action')}
        </Button>
        {verify.isError && (
          <Anchor
            renderRoot={(props) => <Link {...props} to="/verify" search={{ channel: 'email' }} />}
            size="sm"
          >
            {t('verifyEmail.again')}
          </Anchor>
        )}
      </Stack>
    </>
  )
}
