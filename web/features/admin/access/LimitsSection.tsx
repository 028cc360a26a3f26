/** How often which callers may call: what counts now, and what the settings say. */
import { Badge, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { gateway } from '#contracts/gateway.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'
import { useRateText } from './rate-text.ts'

type Limit = OutputOf<typeof gateway.calls.showLimits>['items'][number]

const refreshes = [identity.calls.listPolicies, gateway.calls.showLimits]

/** A policy reaches the gateways within a second. */
const lookMs = 2000

export function LimitsSection() {
  const { t } = useWords()
  const rateText = useRateText()
  const [edited, setEdited] = useState<Limit>()
  const limits = useQuery({
    ...queryOf(gateway.calls.showLimits, {}),
    select: ({ items }) => items,
    refetchInterval: lookMs,
  })
  const policies = useQuery(queryOf(identity.calls.listPolicies, {}))
  const policyOf = ({ id }: Limit) => policies.data?.items.find((policy) => policy.id === id)
  return (
    <Section title={t('limits.title')} text={t('limits.text')}>
      <List query={limits} empty={null}>
        {(items) => (
          <DataTable
            label={t('limits.title')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('limits.whom'), cell: ({ id }) => <Named id={id} /> },
              {
                label: t('limits.now'),
                cell: (limit) => (
                  <Group gap="xs">
                    <Text size="sm" fw={600}>
                      {rateText(limit.rate)}
                    </Text>
                    {policyOf(limit) && (
                      <Badge variant="outline" tt="none" fw={500}>
                        {t('limits.changed')}
                      </Badge>
                    )}
                  </Group>
                ),
              },
              { label: t('limits.setting'), cell: ({ setting }) => rateText(setting) },
              {
                label: t('limits.change'),
                isLabelHidden: true,
                align: 'end',
                cell: (limit) => (
                  <Group gap="xs" justify="flex-end" wrap="nowrap">
                    {policyOf(limit) && <Reset limit={limit} />}
                    <Button
                      variant="default"
                      size="xs"
                      aria-label={t('limits.changeNamed', { name: t(`limits.${limit.id}`) })}
                      onClick={() => setEdited(limit)}
                    >
                      {t('limits.change')}
                    </Button>
                  </Group>
                ),
              },
            ]}
          />
        )}
      </List>
      {edited && <LimitDialog limit={edited} onClose={() => setEdited(undefined)} />}
    </Section>
  )
}

function Named({ id }: Pick<Limit, 'id'>) {
  const { t } = useWords()
  return (
    <>
      <Text size="sm" fw={500}>
        {t(`limits.${id}`)}
      </Text>
      <Text size="xs" c="dimmed" ff="monospace">
        {id}
      </Text>
    </>
  )
}

function Reset({ limit: { id } }: { limit: Limit }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const reset = useCommand(identity.calls.setPolicy, {
    refreshes,
    onDone: () => showNotice(t('limits.wasReset')),
  })
  return (
    <Button
      variant="default"
      size="xs"
      loading={reset.isPending}
      aria-label={t('limits.resetNamed', { name: t(`limits.${id}`) })}
      onClick={() => reset.mutate({ id, rate: null }, { onError: notifyFailure })}
    >
      {t('limits.reset')}
    </Button>
  )
}

function LimitDialog({ limit: { id, rate }, onClose }: { limit: Limit; onClose: () => void }) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.setPolicy, {
    initialValues: { rate },
    validate: {
      rate: (rate) =>
        /^(none|[1-9]\d{0,8}\/[1-9]\d{0,4}[smh])$/.test(rate.trim()) ? null : t('limits.malformed'),
    },
    inputOf: ({ rate }) => ({ id, rate: rate.trim() }),
    refreshes,
    onDone() {
      showNotice(t('action.saved'))
      onClose()
    },
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`limits.${id}`)}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('limits.rate')}
            description={t('limits.rateHint')}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('rate')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
