/** What is known of the person: to take along, or to be erased. */
import {
  Anchor,
  Badge,
  Button,
  Group,
  Modal,
  PasswordInput,
  Stack,
  Table,
  Text,
  TextInput,
} from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { Download, FileArchive } from 'lucide-react'
import { useState } from 'react'
import { addressOf } from '#contracts/http-client.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { leaveSession } from '#web/app/session-end.ts'
import { useAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { List } from '#web/ui/List.tsx'
import { useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty } from '#web/ui/states.tsx'

export function PrivacyPage() {
  const { t } = useWords()
  return (
    <Page title={t('account.privacy')} text={t('privacy.text')}>
      <ExportSection />
      <ErasureSection />
    </Page>
  )
}

/** How often it looks for an export that is being gathered. */
const lookMs = 3000

function ExportSection() {
  const { t, dateTime, number } = useWords()
  const notifyFailure = useFailureNotice()
  const exports = useQuery({
    ...queryOf(identity.calls.listExports, {}),
    select: ({ items }) => items,
    refetchInterval: ({ state }) =>
      state.data?.items.some((one) => one.state === 'gathering') ? lookMs : false,
  })
  const request = useCommand(identity.calls.requestExport, { refreshes: [identity.calls.listExports] })
  const action = (
    <Button loading={request.isPending} onClick={() => request.mutate({}, { onError: notifyFailure })}>
      {t('export.request')}
    </Button>
  )
  return (
    <Section title={t('export.title')} text={t('export.text')} actions={action}>
      <List query={exports} empty={<Empty isSmall icon={FileArchive} title={t('export.none')} />}>
        {(items) => (
          <Table>
            <Table.Tbody>
              {items.map(({ id, state, createdAt, expiresAt, sizeBytes, waitingFor }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    {dateTime(createdAt)}
                    <Text size="xs" c="dimmed">
                      {state === 'ready'
                        ? t('export.keptUntil', { date: dateTime(expiresAt) })
                        : t('export.waiting', { services: waitingFor.join(', ') })}
                    </Text>
                  </Table.Td>
                  <Table.Td ta="end">
                    {state === 'ready' ? (
                      <Anchor href={addressOf(identity.calls.downloadExport, { id })} download>
                        <Group gap={6} justify="flex-end" wrap="nowrap">
                          <Download size={16} aria-hidden />
                          {t('export.download', { kilobytes: number(Math.ceil((sizeBytes ?? 0) / 1000)) })}
                        </Group>
                      </Anchor>
                    ) : (
                      <Badge variant="light" tt="none" fw={500}>
                        {t('export.gathering')}
                      </Badge>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </List>
    </Section>
  )
}

function ErasureSection() {
  const { t } = useWords()
  const [isOpen, setOpen] = useState(false)
  const action = (
    <Button color="red" variant="outline" onClick={() => setOpen(true)}>
      {t('erase.action')}
    </Button>
  )
  return (
    <Section title={t('erase.title')} text={t('erase.text')} actions={action}>
      {isOpen && <ErasureDialog onClose={() => setOpen(false)} />}
    </Section>
  )
}

function ErasureDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords()
  const account = useAccount()
  const queries = useQueryClient()
  const router = useRouter()
  const name = account.userid ?? account.email ?? account.name
  const { form, submit, isPending, failure } = useCallForm(identity.calls.eraseMe, {
    initialValues: { name: '', password: '' },
    validate: {
      name: (typed) => (typed.trim().toLowerCase() === name.toLowerCase() ? null : t('erase.nameDiffers')),
    },
    inputOf: ({ password }) => (password === '' ? {} : { password }),
    onDone: () => leaveSession(router, queries, 'left'),
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('erase.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text size="sm">{t('erase.warning')}</Text>
          <TextInput
            label={t('erase.name', { name })}
            autoComplete="off"
            autoCapitalize="none"
            data-autofocus
            {...form.getInputProps('name')}
          />
          <PasswordInput
            label={t('field.password.label')}
            autoComplete="current-password"
            {...form.getInputProps('password')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" color="red" loading={isPending}>
              {t('erase.confirm')}
            </Button>
            <Button variant="subtle" onClick={onClose}>
              {t('action.cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
