/** What the whole installation is called, whose mailboxes it has, and who may sign up. */
import { Button, Group, Radio, Stack, TagsInput, TextInput, VisuallyHidden } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'

type Installation = OutputOf<typeof identity.calls.showInstallation>

export function InstallationPage() {
  const { t } = useWords()
  const installation = useQuery(queryOf(identity.calls.showInstallation, {}))
  return (
    <Page title={t('admin.installation')} text={t('installation.text')}>
      {installation.isPending ? (
        <Loading />
      ) : installation.isError ? (
        <Failed error={installation.error} onRetry={() => void installation.refetch()} />
      ) : (
        <InstallationForm key={JSON.stringify(installation.data)} installation={installation.data} />
      )}
    </Page>
  )
}

const signUps = ['mailboxes', 'customers', 'nobody'] as const

function InstallationForm({ installation }: { installation: Installation }) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.changeInstallation, {
    initialValues: { name: installation.name, domains: installation.domains, signUp: installation.signUp },
    validate: {
      name: (name) => (name.trim() === '' ? t('field.needed') : null),
      domains: (domains) => (domains.length === 0 ? t('field.needed') : null),
    },
    fieldOf: (path) => path.split('.', 1)[0]!,
    refreshes: [identity.calls.showInstallation],
    onDone: () => showNotice(t('action.saved')),
  })
  return (
    <form onSubmit={submit} noValidate>
      <Section title={t('admin.installation')}>
        <Stack>
          <TextInput
            label={t('setup.name')}
            description={t('setup.nameHint')}
            {...form.getInputProps('name')}
          />
          <TagsInput
            label={t('installation.domains')}
            description={t('installation.domainsHint')}
            clearButtonProps={{ 'aria-label': t('action.clear') }}
            {...form.getInputProps('domains')}
          />
        </Stack>
      </Section>
      <Section title={t('installation.signUp')}>
        <Radio.Group
          label={<VisuallyHidden>{t('installation.signUp')}</VisuallyHidden>}
          {...form.getInputProps('signUp')}
        >
          <Stack gap="sm">
            {signUps.map((signUp) => (
              <Radio
                key={signUp}
                value={signUp}
                label={t(`installation.${signUp}`)}
                description={t(`installation.${signUp}Text`)}
              />
            ))}
          </Stack>
        </Radio.Group>
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
