/** Labels to choose from, found by typing: to put several on, or to move into one. */
import {
  Button,
  Checkbox,
  Group,
  Popover,
  ScrollArea,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from '@mantine/core'
import { Plus, Search } from 'lucide-react'
import { useMemo, useState, type KeyboardEvent, type ReactElement } from 'react'
import { useWords } from '#web/app/language.tsx'
import type { Label } from '../mailboxes.ts'
import classes from './picker.module.css'

interface Shown {
  opened: boolean
  onChange: (opened: boolean) => void
  labels: readonly Label[]
  /** The button. */
  children: ReactElement
}

export interface LabelMenuProps extends Shown {
  /** How many of the chosen conversations have which. */
  shares: ReadonlyMap<string, 'all' | 'some'>
  onApply: (add: string[], remove: string[]) => void
  onCreate: (name: string) => void
}

export function LabelMenu({ shares, onApply, onCreate, ...shown }: LabelMenuProps) {
  return (
    <Frame
      {...shown}
      content={
        <Ticks
          labels={shown.labels}
          shares={shares}
          onApply={onApply}
          onCreate={onCreate}
          onClose={() => shown.onChange(false)}
        />
      }
    />
  )
}

type TicksProps = Pick<LabelMenuProps, 'labels' | 'shares' | 'onApply' | 'onCreate'> & { onClose: () => void }

function Ticks({ labels, shares, onApply, onCreate, onClose }: TicksProps) {
  const { t } = useWords()
  const [changed, setChanged] = useState<ReadonlyMap<string, boolean>>(new Map())
  const { found, search, setSearch } = useFound(labels)
  const isOn = (id: string) => changed.get(id) ?? shares.get(id) === 'all'
  const toggle = (id: string) => setChanged(new Map(changed).set(id, !isOn(id)))
  const apply = () => {
    const of = (wanted: boolean) => [...changed].flatMap(([id, isOn]) => (isOn === wanted ? [id] : []))
    onApply(of(true), of(false))
    onClose()
  }
  return (
    <>
      <Filter
        value={search}
        onChange={setSearch}
        onEnter={() => (changed.size > 0 && search === '' ? apply() : found[0] && toggle(found[0].id))}
      />
      <ScrollArea.Autosize mah={280}>
        <Stack gap={0} role="group" aria-label={t('mail.labels')}>
          {found.map((label) => (
            <Checkbox
              key={label.id}
              size="xs"
              label={label.path}
              checked={isOn(label.id)}
              indeterminate={!changed.has(label.id) && shares.get(label.id) === 'some'}
              onChange={() => toggle(label.id)}
              classNames={{ root: classes.tick!, label: classes.tickLabel! }}
            />
          ))}
          {found.length === 0 && <Nothing />}
        </Stack>
      </ScrollArea.Autosize>
      <Group justify="space-between" gap="xs">
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={<Plus size={14} />}
          onClick={() => {
            onCreate(search)
            onClose()
          }}
        >
          {t('mail.label.new')}
        </Button>
        <Button size="compact-sm" disabled={changed.size === 0} onClick={apply}>
          {t('mail.label.apply')}
        </Button>
      </Group>
    </>
  )
}

export interface MoveMenuProps extends Shown {
  onMove: (place: 'inbox' | 'junk' | 'trash' | { labelId: string }) => void
}

export function MoveMenu({ onMove, ...shown }: MoveMenuProps) {
  return (
    <Frame
      {...shown}
      content={
        <Places
          labels={shown.labels}
          onMove={(place) => {
            shown.onChange(false)
            onMove(place)
          }}
        />
      }
    />
  )
}

function Places({ labels, onMove }: Pick<MoveMenuProps, 'labels' | 'onMove'>) {
  const { t } = useWords()
  const { found, search, setSearch } = useFound(labels)
  const fixed = (['inbox', 'junk', 'trash'] as const).filter((place) =>
    t(`mail.place.${place}`).toLowerCase().includes(search.toLowerCase()),
  )
  const choices = [
    ...found.map((label) => ({ key: label.id, text: label.path, place: { labelId: label.id } })),
    ...fixed.map((place) => ({ key: place, text: t(`mail.place.${place}`), place })),
  ]
  return (
    <>
      <Filter value={search} onChange={setSearch} onEnter={() => choices[0] && onMove(choices[0].place)} />
      <ScrollArea.Autosize mah={300}>
        <Stack gap={0}>
          {choices.map(({ key, text, place }) => (
            <UnstyledButton key={key} className={classes.choice} onClick={() => onMove(place)}>
              {text}
            </UnstyledButton>
          ))}
          {choices.length === 0 && <Nothing />}
        </Stack>
      </ScrollArea.Autosize>
    </>
  )
}

function Frame({ opened, onChange, children, content }: Omit<Shown, 'labels'> & { content: ReactElement }) {
  return (
    <Popover
      opened={opened}
      onChange={onChange}
      position="bottom-start"
      width={280}
      shadow="md"
      trapFocus
      returnFocus
    >
      <Popover.Target>{children}</Popover.Target>
      <Popover.Dropdown p="xs">{opened && <Stack gap="xs">{content}</Stack>}</Popover.Dropdown>
    </Popover>
  )
}

interface FilterProps {
  value: string
  onChange: (text: string) => void
  onEnter: () => void
}

function Filter({ value, onChange, onEnter }: FilterProps) {
  const { t } = useWords()
  const enter = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    onEnter()
  }
  return (
    <TextInput
      size="xs"
      value={value}
      leftSection={<Search size={14} aria-hidden />}
      aria-label={t('mail.label.find')}
      placeholder={t('mail.label.find')}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={enter}
      data-autofocus
    />
  )
}

function useFound(labels: readonly Label[]) {
  const [search, setSearch] = useState('')
  const found = useMemo(
    () => labels.filter(({ path }) => path.toLowerCase().includes(search.trim().toLowerCase())),
    [labels, search],
  )
  return { found, search, setSearch }
}

function Nothing() {
  const { t } = useWords()
  return (
    <Text size="sm" c="dimmed" p="xs">
      {t('palette.nothing')}
    </Text>
  )
}
