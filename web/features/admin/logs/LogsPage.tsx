/** What the system wrote down: found again, or as it comes. */
import { Button, Group, NativeSelect, Stack, Switch, TextInput } from '@mantine/core'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { FilterX } from 'lucide-react'
import { contracts } from '#contracts/all.ts'
import { useWords } from '#web/app/language.tsx'
import { Page } from '#web/ui/Page.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { FoundLines } from './FoundLines.tsx'
import { filterOf, localTime, type LogSearch } from './log-filter.ts'
import { TailedLines } from './TailedLines.tsx'

export function LogsPage() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/logs' })
  const navigate = useNavigate({ from: '/admin/logs' })
  const change = (part: LogSearch) =>
    void navigate({ search: (before) => ({ ...before, ...part }) as typeof search, replace: true })
  const isLive = search.live !== undefined
  const filter = filterOf(isLive ? { ...search, from: undefined, to: undefined } : search)
  const live = (
    <Switch
      label={t('logs.live')}
      checked={isLive}
      onChange={({ currentTarget }) => change({ live: currentTarget.checked ? 'on' : undefined })}
    />
  )
  return (
    <Page title={t('admin.logs')} text={t('logs.text')} actions={live} width="wide">
      <Stack>
        <Filters search={search} onChange={change} onClear={() => void navigate({ search: {} })} />
        {isLive ? <TailedLines filter={filter} /> : <FoundLines filter={filter} />}
      </Stack>
    </Page>
  )
}

const lowestLevels = ['INFO', 'WARNING', 'ERROR'] as const

interface FiltersProps {
  search: LogSearch
  onChange: (part: LogSearch) => void
  onClear: () => void
}

function Filters({ search, onChange, onClear }: FiltersProps) {
  const { t } = useWords()
  const isLive = search.live !== undefined
  const hasFilter = Object.entries(search).some(([name, value]) => name !== 'live' && value)
  const services = contracts.map(({ name }) => name)
  return (
    <Group align="flex-end" gap="sm">
      <SearchInput
        label={t('logs.words')}
        placeholder={t('logs.wordsHint')}
        value={search.text}
        onSearch={(text) => onChange({ text })}
        flex="1 1 12rem"
      />
      <NativeSelect
        label={t('logs.level')}
        value={search.level ?? ''}
        onChange={({ currentTarget }) => onChange({ level: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...lowestLevels.map((level) => ({ value: level, label: t(`level.${level}.up`) })),
        ]}
      />
      <NativeSelect
        label={t('admin.service')}
        value={search.service ?? ''}
        onChange={({ currentTarget }) => onChange({ service: currentTarget.value })}
        data={[{ value: '', label: t('admin.all') }, ...services]}
      />
      {!isLive &&
        (['from', 'to'] as const).map((name) => (
          <TextInput
            key={name}
            type="datetime-local"
            label={t(`logs.${name}`)}
            value={localTime(search[name])}
            onChange={({ currentTarget }) => {
              const time = new Date(currentTarget.value)
              onChange({ [name]: Number.isNaN(time.getTime()) ? undefined : time.toISOString() })
            }}
          />
        ))}
      <SearchInput
        label={t('logs.trace')}
        value={search.traceId}
        onSearch={(traceId) => onChange({ traceId })}
        flex="1 1 10rem"
        maw={300}
      />
      {hasFilter && (
        <Button variant="default" leftSection={<FilterX size={16} />} onClick={onClear}>
          {t('admin.clearFilters')}
        </Button>
      )}
    </Group>
  )
}
