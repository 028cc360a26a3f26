import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { AccountRole, Language } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { queryOf } from '#web/app/queries.ts'
import { useAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { mayGive } from './role-rules.ts'

export function NewAccountDialog({ onClose }: { onClose: () => void }) {
  const { t, language } = useWords()
  const own = useAccount()
  const installation = useQuery(queryOf(identity.calls.showInstallation, {}))
  const { form, submit, isPending, failure } = useCallForm(identity.calls.createAccount, {
    initialValues: { name: '', userid: '', email: '', phone: '', role: 'staff' as AccountRole, language },
    validate: {
      name: (name) => (name.trim() === '' ? t('field.needed') : null),
      userid: (userid, { email }) => (userid === '' && email === '' ? t('newAccount.addressNeeded') : null),
      email: (email, { phone }) => (email === '' && phone === '' ? t('newAccount.contactNeeded') : null),
    },
    inputOf: ({ name, userid, email, phone, role, language }) => ({
      name,
      ...(userid && { userid }),
      ...(email && { email }),
      ...(phone && { phone }),
      roles: [role],
      language,
    }),
    fieldOf: (path) => (path.startsWith('roles') ? 'role' : path),
    refreshes: [identity.calls.listAccounts],
    onDone({ name }) {
      showNotice(t('newAccount.done', { name }))
      onClose()
    },
  })
  const domain = installation.data?.domains[0]
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('accounts.add')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          <Text size="sm">{t('newAccount.text')}</Text>
          <TextInput
            label={t('field.name')}
            autoComplete="off"
            data-autofocus
            {...form.getInputProps('name')}
          />
          <TextInput
            label={t('field.userid')}
            description={t('newAccount.useridHint')}
            autoComplete="off"
            rightSectionWidth="auto"
            rightSection={
              domain !== undefined &&
              !form.values.userid.includes('@') && (
                <Text size="sm" c="dimmed" px="sm">
                  @{domain}
                </Text>
              )
            }
            {...form.getInputProps('userid')}
          />
          <TextInput
            type="email"
            label={t('field.contactEmail')}
            description={t('newAccount.contactHint')}
            autoComplete="off"
            {...form.getInputProps('email')}
          />
          <TextInput
            type="tel"
            label={t('field.phone.label')}
            autoComplete="off"
            {...form.getInputProps('phone')}
          />
          <Group grow>
            <NativeSelect
              label={t('field.role')}
              data={AccountRole.options
                .filter((role) => mayGive(own, role))
                .map((role) => ({ value: role, label: t(`role.${role}`) }))}
              {...form.getInputProps('role')}
            />
            <NativeSelect
              label={t('language.label')}
              data={Language.options.map((option) => ({ value: option, label: t(`language.${option}`) }))}
              {...form.getInputProps('language')}
            />
          </Group>
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending}>
              {t('newAccount.action')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
