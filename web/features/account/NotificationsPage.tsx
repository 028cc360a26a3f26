/** What the person is told about, and when not. */
import { Button, Checkbox, Group, Stack, Switch, Table, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { Topic } from '#contracts/identity/profiles.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'

type Preferences = OutputOf<typeof identity.calls.showPreferences>
const channels = ['email', 'push'] as const

export function NotificationsPage() {
  const { t } = useWords()
  const preferences = useQuery({ ...queryOf(identity.calls.showPreferences, {}), staleTime: Infinity })
  return (
    <Page title={t('account.notifications')} text={t('notify.text')}>
      {preferences.isPending && <Loading rows={6} />}
      {preferences.isError && !preferences.data && (
        <Failed error={preferences.error} onRetry={() => void preferences.refetch()} />
      )}
      {preferences.data && <PreferencesForm preferences={preferences.data} />}
    </Page>
  )
}

function PreferencesForm({ preferences: { topics, quietHours } }: { preferences: Preferences }) {
  const { t } = useWords()
  const queries = useQueryClient()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.changePreferences, {
    initialValues: {
      topics,
      isQuiet: quietHours !== null,
      from: quietHours?.from ?? '22:00',
      to: quietHours?.to ?? '07:00',
    },
    inputOf: ({ topics, isQuiet, from, to }) => ({ topics, quietHours: isQuiet ? { from, to } : null }),
    onDone(kept) {
      queries.setQueryData(queryOf(identity.calls.showPreferences, {}).queryKey, kept)
      form.resetDirty()
      showNotice(t('action.saved'))
    },
  })
  const { isQuiet } = form.values
  return (
    <form onSubmit={submit}>
      <Section title={t('notify.topics')} text={t('notify.topicsText')}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('notify.topic')}</Table.Th>
              {channels.map((channel) => (
                <Table.Th key={channel} w={110}>
                  {t(`notify.${channel}`)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {Topic.options.map((topic) => (
              <Table.Tr key={topic}>
                <Table.Th scope="row" fw={400}>
                  {t(`topic.${topic}`)}
                </Table.Th>
                {channels.map((channel) => (
                  <Table.Td key={channel}>
                    <Checkbox
                      aria-label={t('notify.byChannel', {
                        topic: t(`topic.${topic}`),
                        channel: t(`notify.${channel}`),
                      })}
                      disabled={topic === 'security'}
                      {...form.getInputProps(`topics.${topic}.${channel}`, { type: 'checkbox' })}
                    />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Section>
      <Section title={t('notify.quiet')} text={t('notify.quietText')}>
        <Stack>
          <Switch label={t('notify.quietOn')} {...form.getInputProps('isQuiet', { type: 'checkbox' })} />
          {isQuiet && (
            <Group>
              <TextInput type="time" label={t('notify.from')} {...form.getInputProps('from')} />
              <TextInput type="time" label={t('notify.to')} {...form.getInputProps('to')} />
            </Group>
          )}
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
