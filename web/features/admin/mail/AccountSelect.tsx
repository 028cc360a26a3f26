/** Choosing people by name or address. */
import { Loader, MultiSelect } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query'
import { useState, type ReactNode } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'

export interface AccountSelectProps {
  label: string
  description?: string
  error?: ReactNode
  value: readonly string[]
  /** As many as can be chosen. */
  most?: number
  onChange: (accountIds: string[]) => void
}

export function AccountSelect({ label, description, error, value, most, onChange }: AccountSelectProps) {
  const { t } = useWords()
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text.trim(), 200)
  const found = useQuery({
    ...queryOf(identity.calls.listAccounts, search === '' ? {} : { search }),
    placeholderData: keepPreviousData,
  })
  const chosen = useQueries({
    queries: value.map((accountId) => ({
      ...queryOf(identity.calls.showAccount, { accountId }),
      staleTime: 300_000,
    })),
  })
  const known = new Map<string, string>(value.map((id) => [id, id.slice(0, 8)]))
  for (const { data } of chosen) if (data) known.set(data.account.id, nameOf(data.account))
  for (const account of found.data?.items ?? []) known.set(account.id, nameOf(account))
  return (
    <MultiSelect
      label={label}
      description={description}
      error={error}
      data={[...known].map(([id, name]) => ({ value: id, label: name }))}
      value={[...value]}
      onChange={onChange}
      searchable
      searchValue={text}
      onSearchChange={setText}
      // The server has searched: it knows more of a person than is shown.
      filter={({ options }) => options}
      nothingFoundMessage={t('admin.nothingFound')}
      rightSection={found.isFetching ? <Loader size={14} aria-hidden /> : null}
      {...(most !== undefined && { maxValues: most })}
    />
  )
}

function nameOf({ name, userid, email }: Account): string {
  const address = userid ?? email
  return address === null ? name : `${name} (${address})`
}
