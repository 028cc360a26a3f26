/** DNS records to set, each with what it is for, what stands there now, and what to do about it. */
import { Alert, Badge, Code, Group, Stack, Text } from '@mantine/core'
import { CircleCheck, CircleHelp, CircleX, TriangleAlert, type LucideIcon } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import type { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { CopyButton } from '#web/ui/CopyButton.tsx'
import classes from './mail-admin.module.css'

type DnsRecord = OutputOf<typeof mail.calls.checkMailDomain>['records'][number]

const marks: Record<DnsRecord['state'], { icon: LucideIcon; color: string }> = {
  present: { icon: CircleCheck, color: 'green' },
  differs: { icon: TriangleAlert, color: 'yellow' },
  missing: { icon: CircleX, color: 'red' },
  unknown: { icon: CircleHelp, color: 'gray' },
}

export function DnsRecords({ records }: { records: readonly DnsRecord[] }) {
  const { t, counted } = useWords()
  const open = records.filter(({ state, isRequired }) => isRequired && state !== 'present')
  return (
    <Stack>
      <Alert variant="light" color={open.length === 0 ? 'green' : 'yellow'} c="inherit" p="sm" role="status">
        {open.length === 0 ? t('dns.allSet') : counted('dns.toDo', open.length)}
      </Alert>
      <ul className={classes.records} aria-label={t('domains.records')}>
        {records.map((record) => (
          <RecordLine
            key={`${record.purpose} ${record.name} ${record.type} ${record.value}`}
            record={record}
          />
        ))}
      </ul>
    </Stack>
  )
}

function RecordLine({ record }: { record: DnsRecord }) {
  const { t } = useWords()
  const { purpose, name, type, value, isRequired, state, found, advice } = record
  const { icon: Icon, color } = marks[state]
  return (
    <li className={classes.record} data-state={state}>
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <Icon size={18} color={`var(--mantine-color-${color}-filled)`} aria-hidden />
          <Text fw={600}>{t(`dns.${purpose}`)}</Text>
          {!isRequired && (
            <Text size="xs" c="dimmed">
              {t('dns.optional')}
            </Text>
          )}
        </Group>
        <Badge variant="dot" color={color} tt="none" fw={500}>
          {t(`dns.state.${state}`)}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed">
        {t(`dns.${purpose}.text`)}
      </Text>
      <Lines label={t('dns.name')} value={name} />
      <Lines label={t('dns.value', { type })} value={value} />
      {found.length > 0 && state !== 'present' && (
        <Stack gap={2}>
          <Text size="xs" c="dimmed">
            {t('dns.found')}
          </Text>
          {found.map((one) => (
            <Code key={one} className={classes.value}>
              {one}
            </Code>
          ))}
        </Stack>
      )}
      {advice !== 'nothing' && <Text size="sm">{t(`dns.advice.${advice}`)}</Text>}
    </li>
  )
}

function Lines({ label, value }: { label: string; value: string }) {
  return (
    <Group gap="xs" wrap="nowrap" align="center">
      <Text size="xs" c="dimmed" flex="0 0 5.5rem">
        {label}
      </Text>
      <Code className={classes.value}>{value}</Code>
      <CopyButton text={value} />
    </Group>
  )
}
