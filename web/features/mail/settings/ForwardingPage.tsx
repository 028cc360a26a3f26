/** Addresses elsewhere that mail goes on to. */
import { Badge, Button, Group, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Forward } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty } from '#web/ui/states.tsx'

type Forwarding = OutputOf<typeof mail.calls.listForwardings>['items'][number]
const refreshes = [mail.calls.listForwardings]

export function ForwardingPage() {
  const { t } = useWords()
  const [removed, setRemoved] = useState<string>()
  const forwardings = useQuery({
    ...queryOf(mail.calls.listForwardings, {}),
    select: ({ items }) => items,
  })
  const remove = useCommand(mail.calls.removeForwarding, { refreshes })
  return (
    <Page title={t('mailSettings.forwarding')} text={t('forwarding.text')}>
      <Section title={t('forwarding.addresses')}>
        <List query={forwardings} empty={<Empty isSmall icon={Forward} title={t('forwarding.none')} />}>
          {(items) => (
            <DataTable
              label={t('forwarding.addresses')}
              items={items}
              keyOf={({ address }) => address}
              columns={[
                { label: t('forwarding.address'), cell: (one) => <Address forwarding={one} /> },
                { label: t('forwarding.all'), cell: (one) => <AllSwitch forwarding={one} /> },
                {
                  label: t('forwarding.remove'),
                  isLabelHidden: true,
                  align: 'end',
                  cell: ({ address }) => (
                    <Button
                      size="xs"
                      variant="default"
                      aria-label={t('forwarding.removeNamed', { address })}
                      onClick={() => setRemoved(address)}
                    >
                      {t('forwarding.remove')}
                    </Button>
                  ),
                },
              ]}
            />
          )}
        </List>
      </Section>
      <AddSection />
      {removed !== undefined && (
        <Question
          title={t('forwarding.removeNamed', { address: removed })}
          action={t('forwarding.remove')}
          onConfirm={() => remove.mutateAsync({ address: removed })}
          onClose={() => setRemoved(undefined)}
        >
          <Text size="sm">{t('forwarding.removeText')}</Text>
        </Question>
      )}
    </Page>
  )
}

function Address({ forwarding: { address, isConfirmed } }: { forwarding: Forwarding }) {
  const { t } = useWords()
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text size="sm" fw={500}>
          {address}
        </Text>
        {!isConfirmed && (
          <Badge color="yellow" variant="light" c="inherit" tt="none" fw={500}>
            {t('forwarding.waiting')}
          </Badge>
        )}
      </Group>
      {!isConfirmed && <CodeForm address={address} />}
    </Stack>
  )
}

function CodeForm({ address }: { address: string }) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(mail.calls.confirmForwarding, {
    initialValues: { code: '' },
    inputOf: ({ code }) => ({ address, code }),
    refreshes,
    onDone: () => showNotice(t('forwarding.confirmed')),
  })
  return (
    <form onSubmit={submit} noValidate>
      <Group gap="xs" align="flex-end">
        <TextInput
          size="xs"
          label={t('forwarding.code')}
          autoComplete="one-time-code"
          maxLength={20}
          {...form.getInputProps('code')}
        />
        <Button size="xs" type="submit" loading={isPending} disabled={form.values.code.trim() === ''}>
          {t('forwarding.confirm')}
        </Button>
      </Group>
      <FailureNote text={failure} />
    </form>
  )
}

function AllSwitch({ forwarding: { address, isConfirmed, forwardsAll } }: { forwarding: Forwarding }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const change = useCommand(mail.calls.changeForwarding, { refreshes })
  return (
    <Switch
      aria-label={t('forwarding.allNamed', { address })}
      checked={forwardsAll}
      disabled={!isConfirmed || change.isPending}
      onChange={({ currentTarget }) =>
        change.mutate({ address, forwardsAll: currentTarget.checked }, { onError: notifyFailure })
      }
    />
  )
}

function AddSection() {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(mail.calls.addForwarding, {
    initialValues: { address: '' },
    validate: { address: (address) => (address.includes('@') ? null : t('field.email')) },
    refreshes,
    onDone(_, { address }) {
      showNotice(t('forwarding.codeSent', { address }))
      form.reset()
    },
  })
  return (
    <Section title={t('forwarding.add')} text={t('forwarding.addText')}>
      <form onSubmit={submit} noValidate>
        <Stack gap="xs">
          <Group align="flex-end" gap="xs">
            <TextInput
              type="email"
              label={t('forwarding.address')}
              autoComplete="off"
              flex="1 1 16rem"
              {...form.getInputProps('address')}
            />
            <Button type="submit" loading={isPending}>
              {t('forwarding.sendCode')}
            </Button>
          </Group>
          <FailureNote text={failure} />
        </Stack>
      </form>
    </Section>
  )
}
