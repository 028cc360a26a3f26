import { Badge, Group } from '@mantine/core'
import type { AccountRole } from '#contracts/identity/account.ts'
import { useWords } from '#web/app/language.tsx'

export function RoleBadges({ roles }: { roles: readonly AccountRole[] }) {
  const { t } = useWords()
  return (
    <Group gap={4}>
      {roles.map((role) => (
        <Badge key={role} variant={role === 'customer' ? 'default' : 'outline'} tt="none" fw={500}>
          {t(`role.${role}`)}
        </Badge>
      ))}
    </Group>
  )
}
