import { Checkbox, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { fieldsOfQuery, noFields, queryOfFields, type FilterFields } from './filter-query.ts'

export interface FilterQueryFieldsProps {
  query: string
  error: ReactNode
  onChange: (query: string) => void
}

/** Fields where they can say it; else, and for who likes it better, the search itself. */
export function FilterQueryFields({ query, error, onChange }: FilterQueryFieldsProps) {
  const { t } = useWords()
  const [isSearch, setSearch] = useState(() => fieldsOfQuery(query) === undefined)
  const [fields, setFields] = useState(() => fieldsOfQuery(query) ?? noFields)
  const hasFields = fieldsOfQuery(query) !== undefined
  const change = (part: Partial<FilterFields>) => {
    const next = { ...fields, ...part }
    setFields(next)
    onChange(queryOfFields(next))
  }
  const field = (name: 'from' | 'to' | 'subject' | 'words', label: string, isFirst = false) => (
    <TextInput
      label={label}
      autoComplete="off"
      value={fields[name]}
      onChange={({ currentTarget }) => change({ [name]: currentTarget.value })}
      {...(isFirst && { 'data-autofocus': true, error })}
    />
  )
  return (
    <Stack gap="xs">
      {isSearch ? (
        <TextInput
          label={t('filters.which')}
          description={t('filters.queryHint')}
          autoComplete="off"
          spellCheck={false}
          maxLength={1000}
          data-autofocus
          value={query}
          error={error}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      ) : (
        <>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
            {field('from', t('compose.from'), true)}
            {field('to', t('compose.to'))}
            {field('subject', t('compose.subject'))}
            {field('words', t('filters.words'))}
          </SimpleGrid>
          <Checkbox
            label={t('filters.hasAttachment')}
            checked={fields.hasAttachment}
            onChange={({ currentTarget }) => change({ hasAttachment: currentTarget.checked })}
          />
        </>
      )}
      <Switch
        size="xs"
        label={t('filters.asSearch')}
        checked={isSearch}
        disabled={isSearch && !hasFields}
        onChange={({ currentTarget }) => {
          setSearch(currentTarget.checked)
          setFields(fieldsOfQuery(query) ?? noFields)
        }}
      />
    </Stack>
  )
}
