import { Button, Code, Group, Modal, NativeSelect, Stack, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Plus, ShieldCheck } from 'lucide-react'
import { useState } from 'react'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'
import { Empty } from '#web/ui/states.tsx'

export function BlocklistSection() {
  const { t, date, dateTime } = useWords()
  const [isOpen, setOpen] = useState(false)
  const notifyFailure = useFailureNotice()
  const ranges = useInfiniteQuery(pagesOf(identity.calls.listBlockedRanges, {}))
  const unblock = useCommand(identity.calls.unblockRange, {
    refreshes: [identity.calls.listBlockedRanges],
    onDone: () => showNotice(t('blocklist.removed')),
  })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setOpen(true)}>
      {t('blocklist.add')}
    </Button>
  )
  return (
    <Section title={t('blocklist.title')} text={t('blocklist.text')} actions={add}>
      <List query={ranges} empty={<Empty icon={ShieldCheck} title={t('blocklist.none')} />}>
        {(items) => (
          <DataTable
            label={t('blocklist.title')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('blocklist.range'), cell: ({ range }) => <Code>{range}</Code> },
              { label: t('blocklist.reason'), cell: ({ reason }) => reason },
              {
                label: t('blocklist.until'),
                cell: ({ expiresAt }) => (expiresAt ? dateTime(expiresAt) : t('blocklist.forever')),
              },
              { label: t('blocklist.since'), cell: ({ createdAt }) => date(createdAt) },
              {
                label: t('keys.remove'),
                isLabelHidden: true,
                align: 'end',
                cell: ({ id, range }) => (
                  <Button
                    variant="default"
                    size="xs"
                    disabled={unblock.isPending}
                    aria-label={t('blocklist.removeNamed', { range })}
                    onClick={() => unblock.mutate({ id }, { onError: notifyFailure })}
                  >
                    {t('keys.remove')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </List>
      {isOpen && <NewRangeDialog onClose={() => setOpen(false)} />}
    </Section>
  )
}

const periodsHours = [1, 24, 24 * 7, 24 * 30] as const

function NewRangeDialog({ onClose }: { onClose: () => void }) {
  const { t, number } = useWords()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.blockRange, {
    initialValues: { range: '', reason: '', period: '24' },
    validate: {
      range: (range) => (range.trim() === '' ? t('field.needed') : null),
      reason: (reason) => (reason.trim() === '' ? t('field.needed') : null),
    },
    inputOf: ({ range, reason, period }) => ({
      range: range.trim(),
      reason: reason.trim(),
      expiresAt: period === '' ? null : new Date(Date.now() + Number(period) * 3_600_000).toISOString(),
    }),
    refreshes: [identity.calls.listBlockedRanges],
    onDone() {
      showNotice(t('blocklist.added'))
      onClose()
    },
  })
  const hours = (count: number) => number(count, { style: 'unit', unit: 'hour', unitDisplay: 'long' })
  const days = (count: number) => number(count, { style: 'unit', unit: 'day', unitDisplay: 'long' })
  const periods = periodsHours.map((period) => ({
    value: String(period),
    label: period < 24 ? hours(period) : days(period / 24),
  }))
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('blocklist.add')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('blocklist.range')}
            description={t('blocklist.rangeHint')}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('range')}
          />
          <TextInput
            label={t('blocklist.reason')}
            description={t('blocklist.reasonHint')}
            maxLength={500}
            {...form.getInputProps('reason')}
          />
          <NativeSelect
            label={t('blocklist.period')}
            data={[...periods, { value: '', label: t('blocklist.forever') }]}
            {...form.getInputProps('period')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('blocklist.block')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
