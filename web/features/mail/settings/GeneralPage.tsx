/** How the mail looks and behaves. */
import { Button, Checkbox, Group, NativeSelect, Radio, Stack, Switch } from '@mantine/core'
import { Category } from '#contracts/mail/messages.ts'
import type { MailPreferences } from '#contracts/mail/settings.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { useTakePreferences, WithPreferences } from './preferences.tsx'

export function GeneralPage() {
  const { t } = useWords()
  return (
    <Page title={t('mailSettings.general')} text={t('mailSettings.generalText')}>
      <WithPreferences>{(preferences) => <GeneralForm preferences={preferences} />}</WithPreferences>
    </Page>
  )
}

const undoChoices = [0, 5, 10, 20, 30, 60, 120]
type Tab = MailPreferences['categories'][number]
const tabs = Category.options.filter((category): category is Tab => category !== 'primary')

function GeneralForm({ preferences }: { preferences: MailPreferences }) {
  const { t, number } = useWords()
  const take = useTakePreferences()
  const { undoSeconds, images, categories, afterAction, hasShortcuts } = preferences
  const { form, submit, isPending, failure } = useCallForm(mail.calls.changeMailPreferences, {
    initialValues: { undoSeconds: String(undoSeconds), images, categories, afterAction, hasShortcuts },
    inputOf: (fields) => ({ ...fields, undoSeconds: Number(fields.undoSeconds) }),
    onDone(kept) {
      take(kept)
      form.resetDirty()
    },
  })
  const choices = [...new Set([...undoChoices, undoSeconds])].toSorted((a, b) => a - b)
  const seconds = (value: number) => number(value, { style: 'unit', unit: 'second', unitDisplay: 'long' })
  return (
    <form onSubmit={submit}>
      <Section title={t('mailSettings.tabs')} text={t('mailSettings.tabsText')}>
        <Checkbox.Group aria-label={t('mailSettings.tabs')} {...form.getInputProps('categories')}>
          <Group gap="lg">
            {tabs.map((category) => (
              <Checkbox key={category} value={category} label={t(`mailCategory.${category}`)} />
            ))}
          </Group>
        </Checkbox.Group>
      </Section>
      <Section title={t('mailSettings.reading')}>
        <Stack>
          <Radio.Group label={t('mailSettings.images')} {...form.getInputProps('images')}>
            <Stack gap="xs" mt="xs">
              <Radio
                value="ask"
                label={t('mailSettings.images.ask')}
                description={t('mailSettings.images.askText')}
              />
              <Radio
                value="known"
                label={t('mailSettings.images.known')}
                description={t('mailSettings.images.knownText')}
              />
            </Stack>
          </Radio.Group>
          <Radio.Group label={t('mailSettings.after')} {...form.getInputProps('afterAction')}>
            <Group gap="lg" mt="xs">
              <Radio value="list" label={t('mailSettings.after.list')} />
              <Radio value="next" label={t('mailSettings.after.next')} />
            </Group>
          </Radio.Group>
          <Switch
            label={t('mailSettings.shortcuts')}
            description={t('mailSettings.shortcutsText')}
            {...form.getInputProps('hasShortcuts', { type: 'checkbox' })}
          />
        </Stack>
      </Section>
      <Section title={t('mailSettings.sending')}>
        <NativeSelect
          maw={280}
          label={t('mailSettings.undo')}
          description={t('mailSettings.undoText')}
          data={choices.map((value) => ({
            value: String(value),
            label: value === 0 ? t('mailSettings.undoNever') : seconds(value),
          }))}
          {...form.getInputProps('undoSeconds')}
        />
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
