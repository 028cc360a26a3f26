import { Button, Checkbox, Group, Stack, Text, VisuallyHidden } from '@mantine/core'
import { AccountRole, type Account } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { useWords } from '#web/app/language.tsx'
import { hasRole, useAccount } from '#web/app/session.ts'
import { useCallForm } from '#web/ui/call-form.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { showNotice } from '#web/ui/notices.ts'
import { Section } from '#web/ui/Section.tsx'
import { mayGive } from './role-rules.ts'

export function RolesSection({ account }: { account: Account }) {
  const { t } = useWords()
  const own = useAccount()
  const { form, submit, isPending, failure } = useCallForm(identity.calls.setRoles, {
    initialValues: { roles: [...account.roles] },
    validate: { roles: (roles) => (roles.length === 0 ? t('field.needed') : null) },
    inputOf: ({ roles }) => ({ accountId: account.id, roles }),
    refreshes: [identity.calls.showAccount, identity.calls.listAccounts],
    onDone: () => showNotice(t('action.saved')),
  })
  return (
    <Section title={t('account.roles')} text={t('account.rolesText')}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <Checkbox.Group
            label={<VisuallyHidden>{t('account.roles')}</VisuallyHidden>}
            {...form.getInputProps('roles')}
          >
            <Stack gap="sm">
              {AccountRole.options.map((role) => (
                <Checkbox
                  key={role}
                  value={role}
                  label={t(`role.${role}`)}
                  description={t(`role.${role}.text`)}
                  disabled={!mayGive(own, role)}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          {!hasRole(own, 'owner') && (
            <Text size="sm" c="dimmed">
              {t('account.ownerNeeded')}
            </Text>
          )}
          <FailureNote text={failure} />
          <Group>
            <Button type="submit" loading={isPending} disabled={!form.isDirty()}>
              {t('action.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  )
}
