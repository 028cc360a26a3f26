/** Bringing mail in from elsewhere, and taking it out. */
import { Anchor, Badge, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, PackageOpen } from 'lucide-react'
import { useRef, useState } from 'react'
import { addressOf } from '#contracts/http-client.ts'
import type { Transfer } from '#contracts/mail/transfers.ts'
import { mail } from '#contracts/mail.ts'
import { useWords } from '#web/app/language.tsx'
import { keyOf, queryOf, useCommand } from '#web/app/queries.ts'
import { FileDrop } from '#web/features/admin/accounts/FileDrop.tsx'
import { DataTable } from '#web/ui/DataTable.tsx'
import { failureText } from '#web/ui/failure.ts'
import { FailureNote } from '#web/ui/FailureNote.tsx'
import { List } from '#web/ui/List.tsx'
import { useFailureNotice } from '#web/ui/notices.ts'
import { Page } from '#web/ui/Page.tsx'
import { Section } from '#web/ui/Section.tsx'
import { Empty } from '#web/ui/states.tsx'
import { sendFile } from '../compose/send-file.ts'

/** How often it looks while something runs. */
const lookMs = 1500

export function TransfersPage() {
  const { t } = useWords()
  return (
    <Page title={t('mailSettings.transfers')} text={t('transfers.text')}>
      <ImportSection />
      <ExportSection />
      <TransferSection />
    </Page>
  )
}

function ImportSection() {
  const words = useWords()
  const { t, number } = words
  const queries = useQueryClient()
  const [upload, setUpload] = useState<{ fileName: string; share: number }>()
  const [failure, setFailure] = useState<string>()
  const controller = useRef<AbortController>(undefined)
  async function take(file: File): Promise<void> {
    controller.current = new AbortController()
    setFailure(undefined)
    setUpload({ fileName: file.name, share: 0 })
    try {
      const { signal } = controller.current
      const onShare = (share: number) => setUpload({ fileName: file.name, share })
      await sendFile(addressOf(mail.calls.importMail, { upload: file } as never), file, { onShare, signal })
      void queries.invalidateQueries({ queryKey: keyOf(mail.calls.listTransfers) })
    } catch (error) {
      if (!controller.current.signal.aborted) setFailure(failureText(words, error))
    } finally {
      setUpload(undefined)
    }
  }
  return (
    <Section title={t('transfers.import')} text={t('transfers.importText')}>
      <Stack gap="sm">
        <FileDrop
          accept=".mbox,.eml,.zip,.tar,.tgz,.gz,application/mbox,message/rfc822"
          label={t('transfers.drop')}
          fileName={upload?.fileName}
          isBusy={upload !== undefined}
          onFile={(file) => void take(file)}
        />
        {upload && (
          <Group gap="sm" wrap="nowrap">
            <Progress
              flex={1}
              value={upload.share * 100}
              aria-label={t('compose.uploading', { name: upload.fileName })}
            />
            <Text size="sm">{number(upload.share, { style: 'percent' })}</Text>
            <Button size="xs" variant="default" onClick={() => controller.current?.abort()}>
              {t('action.cancel')}
            </Button>
          </Group>
        )}
        <FailureNote text={failure} />
      </Stack>
    </Section>
  )
}

function ExportSection() {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const start = useCommand(mail.calls.exportMail, { refreshes: [mail.calls.listTransfers] })
  const action = (
    <Button loading={start.isPending} onClick={() => start.mutate({}, { onError: notifyFailure })}>
      {t('transfers.startExport')}
    </Button>
  )
  return <Section title={t('transfers.export')} text={t('transfers.exportText')} actions={action} />
}

function TransferSection() {
  const { t, dateTime } = useWords()
  const transfers = useQuery({
    ...queryOf(mail.calls.listTransfers, {}),
    select: ({ items }) => items,
    refetchInterval: ({ state }) =>
      state.data?.items.some((one) => one.state === 'running') ? lookMs : false,
  })
  return (
    <Section title={t('transfers.past')}>
      <List query={transfers} empty={<Empty isSmall icon={PackageOpen} title={t('transfers.none')} />}>
        {(items) => (
          <DataTable
            label={t('transfers.past')}
            items={items}
            keyOf={({ id }) => id}
            columns={[
              { label: t('transfers.what'), cell: (transfer) => <Named transfer={transfer} /> },
              { label: t('transfers.begun'), cell: ({ createdAt }) => dateTime(createdAt) },
              { label: t('admin.state'), cell: (transfer) => <State transfer={transfer} /> },
              {
                label: t('transfers.deed'),
                isLabelHidden: true,
                align: 'end',
                cell: (transfer) => <Deed transfer={transfer} />,
              },
            ]}
          />
        )}
      </List>
    </Section>
  )
}

function Named({ transfer: { kind, fileName } }: { transfer: Transfer }) {
  const { t } = useWords()
  return (
    <Stack gap={0} style={{ overflowWrap: 'anywhere' }}>
      <Text size="sm" fw={500}>
        {t(`transfers.${kind}`)}
      </Text>
      <Text size="xs" c="dimmed">
        {fileName}
      </Text>
    </Stack>
  )
}

const colors = { running: 'blue', done: 'green', failed: 'red', cancelled: 'gray' } as const

function State({
  transfer: { kind, state, done, total, messages, duplicates, refused, error },
}: {
  transfer: Transfer
}) {
  const { t, number } = useWords()
  return (
    <Stack gap={4}>
      <Badge variant="dot" color={colors[state]} tt="none" fw={500}>
        {t(`transfers.state.${state}`)}
      </Badge>
      {state === 'running' && (
        <Progress
          size="sm"
          value={total > 0 ? (done / total) * 100 : 0}
          aria-label={t('transfers.progress')}
        />
      )}
      <Text size="xs" c="dimmed">
        {kind === 'import'
          ? t('transfers.counts', {
              messages: number(messages),
              duplicates: number(duplicates),
              refused: number(refused),
            })
          : t('transfers.exported', { messages: number(messages) })}
      </Text>
      {error !== null && (
        <Text size="xs" c="var(--mantine-color-error)">
          {error}
        </Text>
      )}
    </Stack>
  )
}

function Deed({ transfer: { id, kind, state } }: { transfer: Transfer }) {
  const { t } = useWords()
  const notifyFailure = useFailureNotice()
  const cancel = useCommand(mail.calls.cancelTransfer, { refreshes: [mail.calls.listTransfers] })
  if (state === 'running')
    return (
      <Button
        size="xs"
        variant="default"
        loading={cancel.isPending}
        onClick={() => cancel.mutate({ transferId: id }, { onError: notifyFailure })}
      >
        {t('action.cancel')}
      </Button>
    )
  if (kind !== 'export' || state !== 'done') return null
  return (
    <Anchor href={addressOf(mail.calls.downloadExport, { transferId: id })} download size="sm">
      <Group gap={6} wrap="nowrap" justify="flex-end" component="span">
        <Download size={16} aria-hidden />
        {t('action.download')}
      </Group>
    </Anchor>
  )
}
