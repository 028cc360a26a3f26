import { ActionIcon, Button, Fieldset, NativeSelect, Stack, Text, TextInput } from '@mantine/core'
import type { UseFormReturnType } from '@mantine/form'
import { Plus, Trash2 } from 'lucide-react'
import { newIdempotencyKey } from '#contracts/http-client.ts'
import { useWords } from '#web/app/language.tsx'
import { NewPasswordInput } from '#web/ui/NewPasswordInput.tsx'
import type { Setup } from './setup.ts'

interface StepProps {
  form: UseFormReturnType<Setup>
}

export function InstallationStep({ form }: StepProps) {
  const { t } = useWords()
  return (
    <Stack>
      <TextInput
        label={t('setup.name')}
        description={t('setup.nameHint')}
        autoComplete="organization"
        autoFocus
        {...form.getInputProps('name')}
      />
      <TextInput
        label={t('setup.domain')}
        description={t('setup.domainHint')}
        inputMode="url"
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        {...form.getInputProps('domain')}
      />
    </Stack>
  )
}

export function OwnerStep({ form }: StepProps) {
  const { t } = useWords()
  const domain = form.values.domain.trim()
  return (
    <Stack>
      <TextInput
        label={t('field.name')}
        autoComplete="name"
        autoFocus
        {...form.getInputProps('owner.name')}
      />
      <TextInput
        label={t('field.userid')}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        rightSection={
          <Text size="sm" c="dimmed" pr="sm" truncate>
            @{domain}
          </Text>
        }
        rightSectionWidth={`min(${domain.length + 3}ch, 55%)`}
        {...form.getInputProps('owner.userid')}
      />
      <TextInput
        type="tel"
        label={t('field.phone.label')}
        description={t('signUp.phoneHint')}
        placeholder="01712 345678"
        autoComplete="tel"
        inputMode="tel"
        {...form.getInputProps('owner.phone')}
      />
      <NewPasswordInput
        label={t('field.password.label')}
        {...form.getInputProps('owner.password')}
        value={form.values.owner.password}
      />
    </Stack>
  )
}

const roles = ['customer', 'staff', 'admin'] as const

export function AccountsStep({ form }: StepProps) {
  const { t } = useWords()
  const add = () =>
    form.insertListItem('accounts', { key: newIdempotencyKey(), name: '', address: '', role: 'staff' })
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('setup.accountsText')}
      </Text>
      {form.values.accounts.map(({ key }, row) => (
        <Fieldset key={key} legend={t('setup.account', { number: row + 1 })} p="sm">
          <Stack gap="xs">
            <TextInput
              label={t('field.name')}
              autoComplete="off"
              autoFocus
              {...form.getInputProps(`accounts.${row}.name`)}
            />
            <TextInput
              label={t('setup.address')}
              description={t('setup.addressHint', { domain: form.values.domain })}
              autoComplete="off"
              autoCapitalize="none"
              {...form.getInputProps(`accounts.${row}.address`)}
            />
            <div style={{ display: 'flex', gap: 8, alignItems: 'flex-end' }}>
              <NativeSelect
                flex={1}
                label={t('field.role')}
                data={roles.map((value) => ({ value, label: t(`role.${value}`) }))}
                {...form.getInputProps(`accounts.${row}.role`)}
              />
              <ActionIcon
                variant="default"
                size={36}
                aria-label={t('setup.removeAccount', { number: row + 1 })}
                onClick={() => form.removeListItem('accounts', row)}
              >
                <Trash2 size={16} />
              </ActionIcon>
            </div>
          </Stack>
        </Fieldset>
      ))}
      <Button variant="default" leftSection={<Plus size={16} />} onClick={add} mr="auto">
        {t('setup.addAccount')}
      </Button>
    </Stack>
  )
}
