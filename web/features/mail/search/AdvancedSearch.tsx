/** A search put together from fields. */
import {
  Button,
  Checkbox,
  Group,
  Modal,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useWords } from '#web/app/language.tsx'
import { useMail } from '../mail-context.ts'
import { noFields, searchOf } from './search-words.ts'

export interface AdvancedSearchProps {
  /** What stands in the search box. */
  words: string
  onSearch: (query: string) => void
  onClose: () => void
}

export function AdvancedSearch({ words, onSearch, onClose }: AdvancedSearchProps) {
  const { t } = useWords()
  const { mailboxes } = useMail()
  const form = useForm({ initialValues: { ...noFields, words } })
  const places = [
    { value: '', label: t('mail.search.anywhere') },
    { value: 'in:inbox', label: t('mail.place.inbox') },
    { value: 'in:sent', label: t('mail.place.sent') },
    { value: 'is:starred', label: t('mail.place.starred') },
    { value: 'in:spam', label: t('mail.place.junk') },
    { value: 'in:trash', label: t('mail.place.trash') },
    { value: 'in:anywhere', label: t('mail.search.everywhere') },
    ...mailboxes.labels.map(({ path }) => ({ value: `label:"${path}"`, label: path })),
  ]
  const submit = form.onSubmit((fields) => {
    const query = searchOf(fields)
    if (query === '') return
    onClose()
    onSearch(query)
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('mail.search.advanced')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <TextInput label={t('mail.search.from')} {...form.getInputProps('from')} data-autofocus />
            <TextInput label={t('mail.search.to')} {...form.getInputProps('to')} />
          </SimpleGrid>
          <TextInput label={t('mail.search.subject')} {...form.getInputProps('subject')} />
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <TextInput label={t('mail.search.words')} {...form.getInputProps('words')} />
            <TextInput label={t('mail.search.without')} {...form.getInputProps('without')} />
          </SimpleGrid>
          <SimpleGrid cols={2} spacing="sm">
            <TextInput type="date" label={t('mail.search.after')} {...form.getInputProps('after')} />
            <TextInput type="date" label={t('mail.search.before')} {...form.getInputProps('before')} />
          </SimpleGrid>
          <SimpleGrid cols={2} spacing="sm">
            <Select
              label={t('mail.search.size')}
              allowDeselect={false}
              data={[
                { value: 'larger', label: t('mail.search.larger') },
                { value: 'smaller', label: t('mail.search.smaller') },
              ]}
              {...form.getInputProps('sizeIs')}
            />
            <NumberInput label="MB" min={0} decimalScale={1} {...form.getInputProps('megabytes')} />
          </SimpleGrid>
          <Select
            label={t('mail.search.place')}
            data={places}
            allowDeselect={false}
            searchable
            {...form.getInputProps('place')}
          />
          <Checkbox
            label={t('mail.search.hasAttachment')}
            {...form.getInputProps('hasAttachment', { type: 'checkbox' })}
          />
          <Group>
            <Button type="submit">{t('mail.search')}</Button>
            <Button variant="default" onClick={onClose}>
              {t('action.cancel')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
