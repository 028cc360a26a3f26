/** An answer that goes by itself while the person is away. */
import { Button, Group, NumberInput, Stack, Switch, Textarea, TextInput } from '@mantine/core'
import type { MailPreferences, Vacation } from '#contracts/mail/settings.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Note } from '#web/ui/Note.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { useTakePreferences, WithPreferences } from './preferences.tsx'
import { dateText, dayEnd, dayStart } from './days.ts'

export function VacationPage() {
  const { t } = useWords()
  return (
    <Page title={t('mailSettings.vacation')} text={t('vacation.text')}>
      <WithPreferences>{(preferences) => <VacationForm preferences={preferences} />}</WithPreferences>
    </Page>
  )
}

function VacationForm({ preferences: { vacation } }: { preferences: MailPreferences }) {
  const { t } = useWords()
  const take = useTakePreferences()
  const { form, submit, isPending, failure } = useCallForm(mail.calls.changeMailPreferences, {
    initialValues: { ...vacation, from: dateText(vacation.from), until: dateText(vacation.until) },
    validate: {
      text: (text, { isOn }) => (isOn && text.trim() === '' ? t('field.needed') : null),
      until: (until, { from }) => (until !== '' && from !== '' && until < from ? t('vacation.order') : null),
    },
    inputOf: (fields) => ({
      vacation: {
        ...fields,
        everyDays: Number(fields.everyDays) || 7,
        from: dayStart(fields.from),
        until: dayEnd(fields.until),
      },
    }),
    fieldOf: (path) => path.replace(/^vacation\./, ''),
    onDone(kept) {
      take(kept)
      form.resetDirty()
    },
  })
  return (
    <form onSubmit={submit} noValidate>
      {isRunning(vacation) && <Note tone="warn">{t('vacation.running')}</Note>}
      <Section title={t('vacation.answer')}>
        <Stack>
          <Switch label={t('vacation.on')} {...form.getInputProps('isOn', { type: 'checkbox' })} />
          <Group grow align="flex-start">
            <TextInput type="date" label={t('vacation.from')} {...form.getInputProps('from')} />
            <TextInput
              type="date"
              label={t('vacation.until')}
              description={t('vacation.untilHint')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              {...form.getInputProps('until')}
            />
          </Group>
          <TextInput
            label={t('compose.subject')}
            placeholder={t('vacation.subjectHint')}
            maxLength={500}
            {...form.getInputProps('subject')}
          />
          <Textarea
            label={t('vacation.words')}
            autosize
            minRows={5}
            maxRows={16}
            maxLength={20_000}
            {...form.getInputProps('text')}
          />
        </Stack>
      </Section>
      <Section title={t('vacation.whom')} text={t('vacation.whomText')}>
        <Stack>
          <Switch
            label={t('vacation.onlyContacts')}
            {...form.getInputProps('onlyContacts', { type: 'checkbox' })}
          />
          <NumberInput
            label={t('vacation.every')}
            min={1}
            max={30}
            maw={220}
            allowDecimal={false}
            clampBehavior="strict"
            {...form.getInputProps('everyDays')}
          />
        </Stack>
      </Section>
      <Stack>
        <FailureNote text={failure} />
        <Group>
          <Button type="submit" loading={isPending} disabled={!form.isDirty()}>
            {t('action.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

function isRunning({ isOn, from, until }: Vacation): boolean {
  const now = new Date().toISOString()
  return isOn && (from === null || from <= now) && (until === null || until > now)
}
