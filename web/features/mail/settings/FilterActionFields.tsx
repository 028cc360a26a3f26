import { Checkbox, Fieldset, MultiSelect, NativeSelect, SimpleGrid, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Category } from '#contracts/mail/messages.ts'
import type { FilterActions } from '#contracts/mail/settings.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useMailboxes } from '../mailboxes.ts'

export interface FilterActionFieldsProps {
  actions: FilterActions
  onChange: (part: Partial<FilterActions>) => void
}

const marks = ['archive', 'markSeen', 'flag', 'neverSpam'] as const

export function FilterActionFields({ actions, onChange }: FilterActionFieldsProps) {
  const { t } = useWords()
  const labels = useMailboxes()?.labels ?? []
  const forwardings = useQuery(queryOf(mail.calls.listForwardings, {}))
  const addresses = forwardings.data?.items.filter(({ isConfirmed }) => isConfirmed) ?? []
  return (
    <Fieldset legend={t('filters.then')}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
          {marks.map((mark) => (
            <Checkbox
              key={mark}
              label={t(`filters.${mark}`)}
              checked={actions[mark]}
              onChange={({ currentTarget }) => onChange({ [mark]: currentTarget.checked })}
            />
          ))}
        </SimpleGrid>
        {labels.length > 0 && (
          <MultiSelect
            label={t('filters.labels')}
            data={labels.map(({ id, path }) => ({ value: id, label: path }))}
            value={actions.labelIds}
            onChange={(labelIds) => onChange({ labelIds })}
            searchable
            clearable
            clearButtonProps={{ 'aria-label': t('action.clear') }}
          />
        )}
        <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
          <NativeSelect
            label={t('contacts.category')}
            data={[
              { value: '', label: t('contacts.byItself') },
              ...Category.options.map((one) => ({ value: one, label: t(`mailCategory.${one}`) })),
            ]}
            value={actions.category ?? ''}
            onChange={({ currentTarget }) =>
              onChange({ category: Category.options.find((one) => one === currentTarget.value) ?? null })
            }
          />
          <NativeSelect
            label={t('filters.moveTo')}
            data={[
              { value: '', label: t('filters.moveTo.none') },
              { value: 'trash', label: t('filters.moveTo.trash') },
              { value: 'junk', label: t('filters.moveTo.junk') },
            ]}
            value={actions.moveTo ?? ''}
            onChange={({ currentTarget: { value } }) =>
              onChange({ moveTo: value === 'trash' || value === 'junk' ? value : null })
            }
          />
          {(addresses.length > 0 || actions.forwardTo !== null) && (
            <NativeSelect
              label={t('filters.forward')}
              data={[
                { value: '', label: t('filters.forward.none') },
                ...addresses.map(({ address }) => address),
              ]}
              value={actions.forwardTo ?? ''}
              onChange={({ currentTarget }) => onChange({ forwardTo: currentTarget.value || null })}
            />
          )}
        </SimpleGrid>
      </Stack>
    </Fieldset>
  )
}
