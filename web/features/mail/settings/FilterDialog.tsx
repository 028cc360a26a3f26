/** Which mail a filter takes and what it does, with a look at what it would have taken. */
import { Button, Checkbox, Group, Modal, Stack } from '@mantine/core'
import { useState } from 'react'
import type { Filter } from '#contracts/mail/settings.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { useApplication } from './filter-application.ts'
import { FilterActionFields } from './FilterActionFields.tsx'
import { FilterQueryFields } from './FilterQueryFields.tsx'
import { FilterTrial } from './FilterTrial.tsx'

export interface FilterDialogProps {
  filter: Filter
  onClose: () => void
}

export function FilterDialog({ filter, onClose }: FilterDialogProps) {
  const { t } = useWords()
  const application = useApplication()
  const [alsoApplies, setAlsoApplies] = useState(false)
  const { form, submit, isPending, failure } = useCallForm(mail.calls.saveFilter, {
    initialValues: { query: filter.query, actions: filter.actions },
    validate: { query: (query) => (query.trim() === '' ? t('filters.queryNeeded') : null) },
    inputOf: ({ query, actions }) => ({
      filterId: filter.id,
      query: query.trim(),
      actions,
      isOn: filter.isOn,
    }),
    refreshes: [mail.calls.listFilters],
    onDone() {
      if (alsoApplies) application.apply(filter.id)
      else showNotice(t('action.saved'))
      onClose()
    },
  })
  const { query, actions } = form.values
  return (
    <Modal
      opened
      size="lg"
      closeOnClickOutside={false}
      onClose={onClose}
      title={t('filters.dialog')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <FilterQueryFields
            query={query}
            error={form.errors.query}
            onChange={(query) => form.setFieldValue('query', query)}
          />
          <FilterTrial query={query} />
          <FilterActionFields
            actions={actions}
            onChange={(part) => form.setFieldValue('actions', { ...actions, ...part })}
          />
          <Checkbox
            label={t('filters.alsoApply')}
            checked={alsoApplies}
            onChange={({ currentTarget }) => setAlsoApplies(currentTarget.checked)}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('action.save')}
            </Button>
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
