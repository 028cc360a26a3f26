/** The search box: what is typed is gone on with by suggestions, what was searched for lately is offered. */
import { ActionIcon, Combobox, TextInput, Tooltip, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { History, Search, SlidersHorizontal, Tag, TextSearch, UserRound, Wand2, X } from 'lucide-react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { hrefOf, useGo, usePlace } from '../place.ts'
import { recentSearches, rememberSearch } from './recent-searches.ts'
import { setSearchFocus } from './search-focus.ts'
import classes from './search-bar.module.css'

const AdvancedSearch = lazy(() =>
  import('./AdvancedSearch.tsx').then(({ AdvancedSearch }) => ({ default: AdvancedSearch })),
)

const icons = { recent: History, operator: Wand2, person: UserRound, label: Tag, subject: TextSearch }

export function SearchBar() {
  const { t } = useWords()
  const place = usePlace()
  const searched = place?.kind === 'search' ? place.query : ''
  const [text, setText] = useState(searched)
  const input = useRef<HTMLInputElement>(null)
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const go = useGo()
  const options = useSuggestions(text, combobox.dropdownOpened)
  useEffect(() => setText(searched), [searched])
  useEffect(
    () =>
      setSearchFocus((given) => {
        if (given !== undefined) setText(given)
        input.current?.focus()
        input.current?.select()
        if (given !== undefined)
          requestAnimationFrame(() => input.current?.setSelectionRange(given.length, given.length))
      }),
    [],
  )

  function search(query: string): void {
    const trimmed = query.trim()
    combobox.closeDropdown()
    if (trimmed === '') return
    rememberSearch(trimmed)
    setText(trimmed)
    input.current?.blur()
    go(hrefOf({ kind: 'search', query: trimmed }))
  }

  function clear(): void {
    setText('')
    if (searched === '') input.current?.focus()
    else go('/mail/inbox')
  }

  function take(value: string): void {
    const option = options[Number(value)]
    if (!option) return
    // An operator wants to be gone on with.
    if (option.kind !== 'operator' || !option.query.endsWith(':')) return search(option.query)
    setText(option.query)
    combobox.resetSelectedOption()
  }

  return (
    <form
      role="search"
      className={classes.bar}
      onSubmit={(event) => {
        event.preventDefault()
        search(text)
      }}
    >
      <Combobox store={combobox} onOptionSubmit={take} withinPortal shadow="md">
        <Combobox.Target>
          <TextInput
            ref={input}
            className={classes.input!}
            type="text"
            inputMode="search"
            enterKeyHint="search"
            value={text}
            placeholder={t('mail.search')}
            aria-label={t('mail.search')}
            maxLength={1000}
            autoComplete="off"
            spellCheck={false}
            leftSection={<Search size={16} aria-hidden />}
            rightSection={text !== '' && <Clear onClear={clear} />}
            onChange={(event) => {
              setText(event.currentTarget.value)
              combobox.openDropdown()
              combobox.resetSelectedOption()
            }}
            onFocus={() => combobox.openDropdown()}
            onBlur={() => combobox.closeDropdown()}
            onKeyDown={(event) => event.key === 'Escape' && input.current?.blur()}
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={options.length === 0}>
          <Options options={options} />
        </Combobox.Dropdown>
      </Combobox>
      <AdvancedButton words={text} onSearch={search} />
    </form>
  )
}

function AdvancedButton({ words, onSearch }: { words: string; onSearch: (query: string) => void }) {
  const { t } = useWords()
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <Tooltip label={t('mail.search.advanced')}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={36}
          aria-label={t('mail.search.advanced')}
          onClick={() => setOpen(true)}
        >
          <SlidersHorizontal size={18} strokeWidth={1.75} />
        </ActionIcon>
      </Tooltip>
      {isOpen && (
        <Suspense>
          <AdvancedSearch words={words} onSearch={onSearch} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}

function Clear({ onClear }: { onClear: () => void }) {
  const { t } = useWords()
  return (
    <ActionIcon variant="subtle" color="gray" aria-label={t('action.clear')} onClick={onClear}>
      <X size={16} />
    </ActionIcon>
  )
}

function Options({ options }: { options: readonly Suggestion[] }) {
  const { t } = useWords()
  return (
    <Combobox.Options aria-label={t('mail.search.suggestions')}>
      {options.map(({ kind, text, query }, at) => {
        const Icon = icons[kind]
        return (
          <Combobox.Option key={`${kind} ${query}`} value={String(at)} className={classes.option}>
            <Icon size={15} strokeWidth={1.75} aria-hidden />
            <span className={classes.text}>{text}</span>
            {text !== query && <span className={classes.query}>{query}</span>}
          </Combobox.Option>
        )
      })}
    </Combobox.Options>
  )
}

interface Suggestion {
  kind: keyof typeof icons
  text: string
  query: string
}

function useSuggestions(text: string, isOpen: boolean): Suggestion[] {
  const [rested] = useDebouncedValue(text.trim().slice(0, 200), 120)
  const { data } = useQuery({
    ...queryOf(mail.calls.suggestSearches, { text: rested }),
    enabled: isOpen && rested !== '',
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  })
  if (!isOpen) return []
  if (text.trim() === '')
    return recentSearches().map((query) => ({ kind: 'recent', text: query, query }) as const)
  return data?.items ?? []
}
