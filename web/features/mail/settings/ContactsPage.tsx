/** People one writes to, and whose mail always or never comes through. */
import { Badge, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { BookUser, Plus } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { Category } from '#contracts/mail/messages.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf, useCommand } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { List } from '#web/ui/List.tsx'
import { offerAction, showNotice, useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { Empty } from '#web/ui/states.tsx'

type Contact = OutputOf<typeof mail.calls.listContacts>['items'][number]
const rules = ['allow', 'block'] as const
const refreshes = [mail.calls.listContacts, mail.calls.completeAddress]

export function ContactsPage() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/mail/settings/contacts' })
  const [edited, setEdited] = useState<Contact | 'new'>()
  const rule = rules.find((one) => one === search.rule)
  const contacts = useInfiniteQuery(
    pagesOf(mail.calls.listContacts, {
      ...(search.text && { text: search.text }),
      ...(rule && { rule }),
    }),
  )
  const isFiltered = rule !== undefined || search.text !== undefined
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setEdited('new')}>
      {t('contacts.add')}
    </Button>
  )
  return (
    <Page title={t('mailSettings.contacts')} text={t('contacts.text')} actions={add} width="wide">
      <Stack>
        <Filters />
        <List
          query={contacts}
          empty={
            <Empty
              icon={BookUser}
              title={isFiltered ? t('admin.nothingFound') : t('contacts.none')}
              {...(!isFiltered && { text: t('contacts.noneText') })}
            />
          }
        >
          {(items) => <ContactTable contacts={items} onEdit={setEdited} />}
        </List>
      </Stack>
      {edited && (
        <ContactDialog contact={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />
      )}
    </Page>
  )
}

function Filters() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/mail/settings/contacts' })
  const navigate = useNavigate({ from: '/mail/settings/contacts' })
  const change = (part: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...part }), replace: true })
  return (
    <Group align="flex-end" gap="sm">
      <SearchInput
        label={t('admin.search')}
        placeholder={t('contacts.searchHint')}
        value={search.text}
        onSearch={(text) => change({ text })}
        flex="1 1 14rem"
      />
      <NativeSelect
        label={t('contacts.rule')}
        value={search.rule ?? ''}
        onChange={({ currentTarget }) => change({ rule: currentTarget.value })}
        data={[
          { value: '', label: t('admin.all') },
          ...rules.map((rule) => ({ value: rule, label: t(`contacts.${rule}`) })),
        ]}
      />
    </Group>
  )
}

interface ContactTableProps {
  contacts: readonly Contact[]
  onEdit: (contact: Contact) => void
}

function ContactTable({ contacts, onEdit }: ContactTableProps) {
  const { t, ago, number } = useWords()
  return (
    <DataTable
      label={t('mailSettings.contacts')}
      items={contacts}
      keyOf={({ address }) => address}
      columns={[
        { label: t('field.name'), cell: ({ name, address }) => <Person name={name} address={address} /> },
        {
          label: t('contacts.mail'),
          cell: ({ received, sent }) =>
            t('contacts.counts', { received: number(received), sent: number(sent) }),
        },
        { label: t('contacts.last'), cell: ({ lastAt }) => ago(lastAt) },
        { label: t('contacts.rule'), cell: ({ rule }) => rule && <RuleBadge rule={rule} /> },
        {
          label: t('contacts.category'),
          cell: ({ category }) => category && t(`mailCategory.${category}`),
        },
        {
          label: t('contacts.change'),
          isLabelHidden: true,
          align: 'end',
          cell: (contact) => (
            <Group gap="xs" justify="flex-end" wrap="nowrap">
              <Button
                size="xs"
                variant="default"
                aria-label={t('contacts.changeNamed', { address: contact.address })}
                onClick={() => onEdit(contact)}
              >
                {t('contacts.change')}
              </Button>
              <Removal contact={contact} />
            </Group>
          ),
        },
      ]}
    />
  )
}

function Person({ name, address }: Pick<Contact, 'name' | 'address'>) {
  return (
    <Stack gap={0} miw={0} style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm" fw={500}>
        {name || address}
      </Text>
      {name !== '' && (
        <Text size="xs" c="dimmed">
          {address}
        </Text>
      )}
    </Stack>
  )
}

function RuleBadge({ rule }: { rule: 'allow' | 'block' }) {
  const { t } = useWords()
  return (
    <Badge variant="dot" color={rule === 'allow' ? 'green' : 'red'} tt="none" fw={500}>
      {t(`contacts.${rule}`)}
    </Badge>
  )
}

function Removal({ contact: { address, name, rule, category } }: { contact: Contact }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const restore = useCommand(mail.calls.saveContact, { refreshes })
  const remove = useCommand(mail.calls.deleteContact, {
    refreshes,
    onDone: () =>
      offerAction(t('contacts.removed'), {
        label: t('compose.undo'),
        act: () => restore.mutate({ address, name, rule, category }, { onError: notifyFailure }),
      }),
  })
  return (
    <Button
      size="xs"
      variant="default"
      loading={remove.isPending}
      aria-label={t('contacts.removeNamed', { address })}
      onClick={() => remove.mutate({ address }, { onError: notifyFailure })}
    >
      {t('contacts.remove')}
    </Button>
  )
}

function ContactDialog({ contact, onClose }: { contact: Contact | undefined; onClose: () => void }) {
  const { t } = useWords()
  const { form, submit, isPending, failure } = useCallForm(mail.calls.saveContact, {
    initialValues: {
      address: contact?.address ?? '',
      name: contact?.name ?? '',
      rule: (contact?.rule ?? '') as string,
      category: (contact?.category ?? '') as string,
    },
    validate: { address: (address) => (address.includes('@') ? null : t('field.email')) },
    inputOf: ({ address, name, rule, category }) => ({
      address: address.trim(),
      name,
      rule: rules.find((one) => one === rule) ?? null,
      category: Category.options.find((one) => one === category) ?? null,
    }),
    refreshes,
    onDone() {
      showNotice(t('action.saved'))
      onClose()
    },
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={contact ? contact.address : t('contacts.add')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          {!contact && (
            <TextInput
              type="email"
              label={t('forwarding.address')}
              autoComplete="off"
              data-autofocus
              {...form.getInputProps('address')}
            />
          )}
          <TextInput
            label={t('field.name')}
            autoComplete="off"
            maxLength={200}
            {...form.getInputProps('name')}
          />
          <NativeSelect
            label={t('contacts.rule')}
            description={t('contacts.ruleText')}
            data={[
              { value: '', label: t('contacts.noRule') },
              ...rules.map((rule) => ({ value: rule, label: t(`contacts.${rule}`) })),
            ]}
            {...form.getInputProps('rule')}
          />
          <NativeSelect
            label={t('contacts.category')}
            data={[
              { value: '', label: t('contacts.byItself') },
              ...Category.options.map((one) => ({ value: one, label: t(`mailCategory.${one}`) })),
            ]}
            {...form.getInputProps('category')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
