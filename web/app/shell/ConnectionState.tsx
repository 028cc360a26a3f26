/** Says whether what is shown keeps up with the server. */
import { Badge } from '@mantine/core'
import { useWords } from '#web/app/language.tsx'
import { useConnection } from '#web/app/live.ts'

const colors = { connected: 'green', reconnecting: 'yellow', offline: 'red' } as const

export function ConnectionState() {
  const { t } = useWords()
  const connection = useConnection()
  return (
    <Badge
      variant="dot"
      color={colors[connection]}
      role="status"
      tt="none"
      fw={500}
      size="md"
      title={t(`connection.${connection}.text`)}
    >
      {t(`connection.${connection}`)}
    </Badge>
  )
}
