/** Mail programs of the person: passwords for them, and what to enter there. */
import { Button, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Mailbox, Plus } from 'lucide-react'
import { useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { identity } from '#contracts/identity.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf, useCommand } from '#web/app/queries.ts'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Question } from '#web/ui/Question.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty, Failed, Loading } from '#web/ui/states.tsx'
import { NewProgramDialog } from './NewProgramDialog.tsx'
import { ProgramSettings } from './ProgramSettings.tsx'

type AppPassword = OutputOf<typeof identity.calls.listAppPasswords>['items'][number]

export function ProgramsPage() {
  const { t } = useWords()
  const setup = useQuery(queryOf(mail.calls.showMailSetup, {}))
  return (
    <Page title={t('account.programs')} text={t('programs.text')}>
      {setup.isPending && <Loading />}
      {setup.isError && !setup.data && <Failed error={setup.error} onRetry={() => void setup.refetch()} />}
      {setup.data && setup.data.address === null && (
        <Empty icon={Mailbox} title={t('mail.noMailbox')} text={t('mail.noMailbox.text')} />
      )}
      {setup.data && setup.data.address !== null && (
        <>
          <PasswordsSection />
          <ProgramSettings setup={setup.data} address={setup.data.address} />
        </>
      )}
    </Page>
  )
}

function PasswordsSection() {
  const { t, ago, date } = useWords()
  const [isOpen, setOpen] = useState(false)
  const [leaving, setLeaving] = useState<AppPassword>()
  const passwords = useQuery({
    ...queryOf(identity.calls.listAppPasswords, {}),
    select: ({ items }) => items,
  })
  const remove = useCommand(identity.calls.removeAppPassword, {
    refreshes: [identity.calls.listAppPasswords],
    onDone: () => showNotice(t('programs.removed')),
  })
  const add = (
    <Button leftSection={<Plus size={16} />} onClick={() => setOpen(true)}>
      {t('programs.add')}
    </Button>
  )
  return (
    <Section
      title={t('programs.passwords')}
      text={t('programs.passwordsText')}
      actions={passwords.data?.length ? add : undefined}
    >
      <List
        query={passwords}
        empty={
          <Empty isSmall icon={Mailbox} title={t('programs.none')} text={t('programs.noneText')}>
            {add}
          </Empty>
        }
      >
        {(items) => (
          <DataTable
            label={t('programs.passwords')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('field.label'), cell: ({ name }) => <Text fw={500}>{name}</Text> },
              { label: t('programs.made'), cell: ({ createdAt }) => date(createdAt) },
              {
                label: t('keys.lastUsed'),
                cell: ({ lastUsedAt }) => (lastUsedAt === null ? t('keys.never') : ago(lastUsedAt)),
              },
              {
                label: t('programs.remove'),
                isLabelHidden: true,
                align: 'end',
                cell: (one) => (
                  <Button
                    variant="default"
                    size="xs"
                    aria-label={t('programs.removeNamed', { name: one.name })}
                    onClick={() => setLeaving(one)}
                  >
                    {t('programs.remove')}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </List>
      {isOpen && <NewProgramDialog onClose={() => setOpen(false)} />}
      {leaving && (
        <Question
          title={t('programs.removeNamed', { name: leaving.name })}
          action={t('programs.remove')}
          onConfirm={() => remove.mutateAsync({ id: leaving.id })}
          onClose={() => setLeaving(undefined)}
        >
          <Text size="sm">{t('programs.removeText')}</Text>
        </Question>
      )}
    </Section>
  )
}
