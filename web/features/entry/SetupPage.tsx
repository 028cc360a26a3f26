/** The owner's first visit, by the link that the first start printed. */
import { Anchor, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useRouter } from '@tanstack/react-router'
import { PartyPopper } from 'lucide-react'
import { useState } from 'react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, queryOf } from '#web/app/queries.ts'
import { takeAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import { EntryTitle } from './EntryTitle.tsx'
import { AccountsStep, InstallationStep, OwnerStep } from './SetupSteps.tsx'
import { emptySetup, setupInput, stepOf, wrongIn, type Setup } from './setup.ts'

const route = getRouteApi('/entry/setup')

export function SetupPage() {
  const { t } = useWords()
  const { token } = route.useSearch()
  const [isDone, setDone] = useState(false)
  const installation = useQuery(queryOf(identity.calls.showInstallation, {}))
  const { data } = installation
  return (
    <div data-wide>
      <EntryTitle title={t('setup.title')} text={!isDone && !data?.isSetUp && t('setup.text')} />
      {installation.isPending && <Loading />}
      {installation.isError && (
        <Failed error={installation.error} onRetry={() => void installation.refetch()} />
      )}
      {isDone && <Done />}
      {data &&
        !isDone &&
        (data.isSetUp ? <AlreadySetUp /> : <Wizard token={token} onDone={() => setDone(true)} />)}
    </div>
  )
}

const steps = ['setup.installation', 'setup.owner', 'setup.accounts'] as const

function Wizard({ token, onDone }: { token: string | undefined; onDone: () => void }) {
  const { t, language } = useWords()
  const queries = useQueryClient()
  const [step, setStep] = useState(0)
  const { form, submit, isPending, failure } = useCallForm(identity.calls.setUp, {
    initialValues: emptySetup,
    inputOf: (setup: Setup) => setupInput(setup, token ?? '', language),
    onDone({ account }) {
      onDone()
      takeAccount(queries, account)
      void queries.invalidateQueries({ queryKey: keyOf(identity.calls.showInstallation) })
    },
  })
  /** Where the server found something wrong, the person goes back to. */
  const [shownErrors, setShownErrors] = useState(form.errors)
  if (form.errors !== shownErrors) {
    setShownErrors(form.errors)
    const wrong = Object.keys(form.errors).map(stepOf)
    if (wrong.length > 0) setStep(Math.min(...wrong))
  }

  function next(event: React.FormEvent<HTMLFormElement>): void {
    event.preventDefault()
    const wrong = wrongIn(step, form.values, t)
    form.setErrors(wrong)
    if (Object.keys(wrong).length > 0) form.getInputNode(Object.keys(wrong)[0]!)?.focus()
    else if (step < 2) setStep(step + 1)
    else submit(event)
  }

  if (token === undefined) return <Text>{t('setup.noToken')}</Text>
  return (
    <form onSubmit={next} noValidate>
      <Stack>
        <div>
          <Progress value={(step + 1) * 33.4} size={4} mb={6} aria-label={t('setup.progress')} />
          <Text size="sm" fw={600} aria-live="polite">
            {t('setup.step', { step: step + 1, title: t(steps[step]!) })}
          </Text>
        </div>
        {step === 0 && <InstallationStep form={form} />}
        {step === 1 && <OwnerStep form={form} />}
        {step === 2 && <AccountsStep form={form} />}
        <FailureNote text={failure} />
        <Group justify="space-between">
          <Button variant="default" disabled={step === 0} onClick={() => setStep(step - 1)}>
            {t('action.back')}
          </Button>
          <Button type="submit" loading={isPending}>
            {step < 2 ? t('action.next') : t('setup.finish')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function AlreadySetUp() {
  const { t } = useWords()
  return (
    <Stack>
      <Text>{t('setup.already')}</Text>
      <Anchor component={Link} to="/sign-in">
        {t('signIn.action')}
      </Anchor>
    </Stack>
  )
}

function Done() {
  const { t } = useWords()
  const router = useRouter()
  return (
    <Empty icon={PartyPopper} title={t('setup.done')} text={t('setup.doneText')}>
      <Button mt="xs" onClick={() => router.history.push('/')}>
        {t('setup.enter')}
      </Button>
    </Empty>
  )
}
