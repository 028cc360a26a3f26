/** The domains whose mail comes here. */
import { Badge, Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Globe, Plus } from 'lucide-react'
import { useState } from 'react'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { List } from '#web/ui/List.tsx'
import { Page } from '#web/ui/Page.tsx'
import { Empty } from '#web/ui/states.tsx'
import { AccountName } from './AccountName.tsx'

export function DomainsPage() {
  const { t, number } = useWords()
  const [isOpen, setOpen] = useState(false)
  const domains = useQuery({ ...queryOf(mail.calls.listMailDomains, {}), select: ({ items }) => items })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setOpen(true)}>
      {t('domains.add')}
    </Button>
  )
  return (
    <Page title={t('mailAdmin.domains')} text={t('domains.text')} actions={add} width="wide">
      <List query={domains} empty={<Empty icon={Globe} title={t('domains.none')} />}>
        {(items) => (
          <DataTable
            label={t('mailAdmin.domains')}
            items={items}
            keyOf={({ name }) => name}
            columns={[
              {
                label: t('domains.name'),
                cell: ({ name, isPrimary }) => (
                  <Group gap="xs">
                    <LinkAnchor to="/admin/mail/domains/records" search={{ name }} fw={600} c="inherit">
                      {name}
                    </LinkAnchor>
                    {isPrimary && (
                      <Badge variant="outline" tt="none" fw={500}>
                        {t('domains.primary')}
                      </Badge>
                    )}
                  </Group>
                ),
              },
              { label: t('mailAdmin.addresses'), cell: ({ addresses }) => number(addresses) },
              {
                label: t('domains.catchAll'),
                cell: ({ catchAll }) =>
                  catchAll === null ? t('domains.noCatchAll') : <AccountName accountId={catchAll} />,
              },
            ]}
          />
        )}
      </List>
      {isOpen && <NewDomainDialog onClose={() => setOpen(false)} />}
    </Page>
  )
}

function NewDomainDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords()
  const navigate = useNavigate()
  const { form, submit, isPending, failure } = useCallForm(mail.calls.addMailDomain, {
    initialValues: { name: '' },
    validate: { name: (name) => (name.includes('.') ? null : t('field.domain')) },
    refreshes: [mail.calls.listMailDomains],
    onDone: ({ name }) => void navigate({ to: '/admin/mail/domains/records', search: { name } }),
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('domains.add')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <TextInput
            label={t('domains.name')}
            description={t('domains.nameHint')}
            placeholder="example.com"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('domains.addAction')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
