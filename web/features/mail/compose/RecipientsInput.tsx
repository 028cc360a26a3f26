/** People a message goes to, each a pill, with completion of names and addresses. */
import { Combobox, Pill, PillsInput, Text, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useId, useState, type ClipboardEvent, type KeyboardEvent, type ReactNode } from 'react'
import type { MailAddress } from '#contracts/mail/messages.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { addressesIn, isAddress } from './addresses.ts'
import classes from './compose.module.css'

export interface RecipientsInputProps {
  label: string
  value: readonly MailAddress[]
  hasFocus?: boolean
  onChange: (value: MailAddress[]) => void
  /** At the end of the line. */
  more?: ReactNode
}

/** Each once. */
function notAmong(value: readonly MailAddress[], people: readonly MailAddress[]): MailAddress[] {
  const known = new Set(value.map(({ address }) => address.toLowerCase()))
  return people.filter(({ address }) => !known.has(address.toLowerCase()) && known.add(address.toLowerCase()))
}

export function RecipientsInput({ label, value, hasFocus = false, onChange, more }: RecipientsInputProps) {
  const id = useId()
  const [text, setText] = useState('')
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const found = useCompletions(text, value)
  /** An address that is whole is meant as it stands. */
  const isWhole = isAddress(text.trim())

  useEffect(() => {
    if (found.length === 0) return void combobox.closeDropdown()
    combobox.openDropdown()
    // The options are there once the list is.
    const timer = setTimeout(() => (isWhole ? combobox.resetSelectedOption() : combobox.selectFirstOption()))
    return () => clearTimeout(timer)
  }, [found, isWhole])

  function add(people: readonly MailAddress[]): void {
    setText('')
    const fresh = notAmong(value, people)
    if (fresh.length > 0) onChange([...value, ...fresh])
  }
  const takeText = () => add(addressesIn(text))
  const remove = (removed: MailAddress) => onChange(value.filter((one) => one !== removed))

  function onKey(event: KeyboardEvent): void {
    const isChosen = combobox.dropdownOpened && combobox.getSelectedOptionIndex() >= 0
    const first = isWhole ? undefined : found[0]
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Backspace' && text === '' && value.length > 0) return remove(value.at(-1)!)
    if (text.trim() === '') return
    if (event.key === 'Tab' && isChosen && !event.shiftKey) {
      event.preventDefault()
      return combobox.clickSelectedOption()
    }
    if (event.key === 'Enter' && !isChosen && first) {
      event.preventDefault()
      return add([first])
    }
    const isEnd = event.key === ',' || event.key === ';' || (event.key === 'Enter' && !isChosen)
    if (isEnd || (event.key === ' ' && isWhole)) {
      event.preventDefault()
      takeText()
    }
  }
  function onPaste(event: ClipboardEvent): void {
    const pasted = addressesIn(event.clipboardData.getData('text'))
    if (pasted.length < 2 && !isAddress(pasted[0]?.address ?? '')) return
    event.preventDefault()
    add(text.trim() === '' ? pasted : addressesIn(text + event.clipboardData.getData('text')))
  }
  return (
    <div className={classes.field}>
      <label className={classes.fieldLabel} htmlFor={id}>
        {label}
      </label>
      <Combobox
        store={combobox}
        withinPortal
        shadow="md"
        onOptionSubmit={(address) => add(found.filter((one) => one.address === address))}
      >
        <Combobox.DropdownTarget>
          <PillsInput variant="unstyled" className={classes.fieldInput!}>
            <Pill.Group>
              {value.map((person) => (
                <Person
                  key={person.address}
                  person={person}
                  onRemove={() => remove(person)}
                  onEdit={() => {
                    remove(person)
                    setText(person.address)
                  }}
                />
              ))}
              <Combobox.EventsTarget withAriaAttributes>
                <PillsInput.Field
                  id={id}
                  aria-label={label}
                  inputMode="email"
                  autoComplete="off"
                  autoCapitalize="none"
                  spellCheck={false}
                  autoFocus={hasFocus}
                  value={text}
                  onChange={({ currentTarget }) => setText(currentTarget.value)}
                  onKeyDown={onKey}
                  onPaste={onPaste}
                  onBlur={() => {
                    combobox.closeDropdown()
                    if (text.trim() !== '') takeText()
                  }}
                />
              </Combobox.EventsTarget>
            </Pill.Group>
          </PillsInput>
        </Combobox.DropdownTarget>
        <Completions found={found} />
      </Combobox>
      {more}
    </div>
  )
}

function Completions({ found }: { found: readonly MailAddress[] }) {
  const { t } = useWords()
  return (
    <Combobox.Dropdown hidden={found.length === 0}>
      <Combobox.Options aria-label={t('compose.completions')}>
        {found.map(({ name, address }) => (
          // The field keeps the focus while one is chosen.
          <Combobox.Option key={address} value={address} onMouseDown={(event) => event.preventDefault()}>
            <Text size="sm" fw={500}>
              {name || address}
            </Text>
            {name !== '' && (
              <Text size="xs" c="inherit" opacity={0.85}>
                {address}
              </Text>
            )}
          </Combobox.Option>
        ))}
      </Combobox.Options>
    </Combobox.Dropdown>
  )
}

interface PersonProps {
  person: MailAddress
  onRemove: () => void
  onEdit: () => void
}

function Person({ person: { name, address }, onRemove, onEdit }: PersonProps) {
  const { t } = useWords()
  const isWrong = !isAddress(address)
  return (
    <Pill
      withRemoveButton
      onRemove={onRemove}
      onDoubleClick={onEdit}
      title={isWrong ? t('compose.noAddress') : address}
      removeButtonProps={{
        'aria-label': t('compose.removePerson', { name: name || address }),
        'aria-hidden': false,
      }}
      {...(isWrong && {
        bg: 'transparent',
        c: 'var(--mantine-color-error)',
        style: { outline: '1px solid currentColor' },
        'data-wrong': true,
      })}
    >
      {name || address}
    </Pill>
  )
}

const none: MailAddress[] = []

/** While somebody types; those that are there already are left out. */
function useCompletions(text: string, value: readonly MailAddress[]): MailAddress[] {
  const [asked] = useDebouncedValue(text.trim(), 120)
  const { data } = useQuery({
    ...queryOf(mail.calls.completeAddress, { text: asked }),
    enabled: asked !== '',
    placeholderData: keepPreviousData,
    staleTime: 60_000,
    retry: false,
  })
  const [found, setFound] = useState(none)
  useEffect(() => {
    const known = new Set(value.map(({ address }) => address.toLowerCase()))
    // The answer may still be to a shorter text: whoever does not fit must not be taken for meant.
    const typed = text.trim().toLowerCase()
    const fits = ({ name, address }: MailAddress) => `${name} ${address}`.toLowerCase().includes(typed)
    const fresh = data?.items.filter((one) => !known.has(one.address.toLowerCase()) && fits(one)) ?? none
    setFound(typed === '' || fresh.length === 0 ? none : fresh)
  }, [data, text, value])
  return found
}
