/** Who did what. Each entry holds the hash of the one before, so none can be changed unseen. */
import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { FileCheck, ShieldAlert, ShieldCheck } from 'lucide-react'
import type { OutputOf } from '#contracts/client.ts'
import { logs } from '#contracts/logs.ts'
import { caller } from '#web/app/caller.ts'
import { useWords } from '#web/app/language.tsx'
import { pagesOf } from '#web/app/queries.ts'
import { useTimes } from '#web/features/admin/times.ts'
import { LinkAnchor } from '#web/ui/LinkAnchor.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { List } from '#web/ui/List.tsx'
import { useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { SearchInput } from '#web/ui/SearchInput.tsx'
import { Empty } from '#web/ui/states.tsx'

type AuditEntry = OutputOf<typeof logs.calls.listAudit>['items'][number]

export function AuditPage() {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const search = useSearch({ from: '/shell/admin/audit' })
  const wished = Object.fromEntries(Object.entries(search).filter(([, text]) => text.trim() !== ''))
  const entries = useInfiniteQuery(pagesOf(logs.calls.listAudit, wished))
  const verification = useMutation({
    mutationFn: () => caller.call(logs.calls.verifyAudit, {}),
    onError: notifyFailure,
  })
  const verify = (
    <Button
      variant="default"
      leftSection={<ShieldCheck size={16} />}
      loading={verification.isPending}
      onClick={() => verification.mutate()}
    >
      {t('audit.verify')}
    </Button>
  )
  return (
    <Page title={t('admin.audit')} text={t('audit.text')} actions={verify} width="wide">
      <Stack>
        {verification.data && <Verified {...verification.data} />}
        <Filters />
        <List query={entries} empty={<Empty icon={FileCheck} title={t('audit.none')} />}>
          {(items) => <AuditTable entries={items} />}
        </List>
      </Stack>
    </Page>
  )
}

function Verified({
  isIntact,
  entryCount,
  headHash,
  brokenSequence,
}: OutputOf<typeof logs.calls.verifyAudit>) {
  const { t, number } = useWords()
  return (
    <Alert
      variant="light"
      color={isIntact ? 'green' : 'red'}
      icon={isIntact ? <ShieldCheck size={18} /> : <ShieldAlert size={18} />}
      c="inherit"
      p="sm"
      role="status"
    >
      <Text size="sm">
        {isIntact
          ? t('audit.intact', { count: number(entryCount) })
          : t('audit.broken', { sequence: number(brokenSequence ?? 0) })}
      </Text>
      <Code style={{ overflowWrap: 'anywhere' }}>{headHash}</Code>
    </Alert>
  )
}

function Filters() {
  const { t } = useWords()
  const search = useSearch({ from: '/shell/admin/audit' })
  const navigate = useNavigate({ from: '/admin/audit' })
  return (
    <Group align="flex-end" gap="sm">
      {(['actor', 'action', 'subject'] as const).map((name) => (
        <SearchInput
          key={name}
          label={t(`audit.${name}`)}
          value={search[name]}
          onSearch={(text) =>
            void navigate({ search: (before) => ({ ...before, [name]: text }), replace: true })
          }
          flex="1 1 12rem"
        />
      ))}
    </Group>
  )
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  const { t, number } = useWords()
  const { exact } = useTimes()
  return (
    <DataTable
      label={t('admin.audit')}
      items={entries}
      keyOf={({ sequence }) => String(sequence)}
      columns={[
        {
          label: t('audit.action'),
          cell: ({ sequence, action }) => (
            <>
              <Text span size="xs" c="dimmed">
                {number(sequence)}{' '}
              </Text>
              <Text span size="sm" fw={500} ff="monospace">
                {action}
              </Text>
            </>
          ),
        },
        { label: t('logs.time'), cell: ({ time }) => exact(time) },
        { label: t('audit.actor'), cell: ({ actor }) => <Named id={actor} /> },
        {
          label: t('audit.subject'),
          cell: ({ action, subject }) => (ofAccounts.test(action) ? <Named id={subject} /> : subject),
        },
        {
          label: t('audit.details'),
          cell: ({ details }) =>
            Object.keys(details).length > 0 && (
              <Code style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
                {JSON.stringify(details)}
              </Code>
            ),
        },
      ]}
    />
  )
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}$/

/** Actions whose subject is an account. */
const ofAccounts = /Account|Roles/

function Named({ id }: { id: string }) {
  if (!uuid.test(id)) return id
  return (
    <LinkAnchor
      to="/admin/accounts/$accountId"
      params={{ accountId: id }}
      size="sm"
      ff="monospace"
      title={id}
    >
      …{id.slice(-8)}
    </LinkAnchor>
  )
}
