/** A picture or text file, as large as the page. */
import { ActionIcon, Group, Modal, ScrollArea, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight, Download } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { addressOf } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import { caller } from '#web/app/caller.ts'
import { useWords } from '#web/app/language.tsx'
import { Failed, Loading } from '#web/ui/states.tsx'
import type { MailFile } from './Attachments.tsx'

export interface PreviewProps {
  messageId: string
  files: readonly MailFile[]
  position: number
  onPosition: (position: number) => void
  onClose: () => void
}

/** Of a text; the whole is in the file. */
const mostLetters = 200_000

export function Preview({ messageId, files, position, onPosition, onClose }: PreviewProps) {
  const { t } = useWords()
  const file = files[position]!
  const address = addressOf(mail.calls.downloadPart, { messageId, part: file.part })
  const go = (to: number) => files[to] && onPosition(to)
  const turn = (event: KeyboardEvent) => {
    if (event.key === 'ArrowRight') go(position + 1)
    if (event.key === 'ArrowLeft') go(position - 1)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      size="auto"
      title={file.fileName}
      onKeyDown={turn}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Group justify="space-between" mb="xs">
        <ActionIcon
          variant="default"
          aria-label={t('action.back')}
          disabled={position === 0}
          onClick={() => go(position - 1)}
        >
          <ChevronLeft size={18} />
        </ActionIcon>
        <ActionIcon
          component="a"
          href={address}
          download={file.fileName}
          variant="default"
          aria-label={t('mail.downloadFile', { name: file.fileName })}
        >
          <Download size={16} />
        </ActionIcon>
        <ActionIcon
          variant="default"
          aria-label={t('action.next')}
          disabled={position === files.length - 1}
          onClick={() => go(position + 1)}
        >
          <ChevronRight size={18} />
        </ActionIcon>
      </Group>
      {file.mediaType.startsWith('image/') ? (
        <img
          src={address}
          alt={file.fileName}
          style={{ display: 'block', maxWidth: '100%', maxHeight: '75dvh', marginInline: 'auto' }}
        />
      ) : (
        <TextPreview messageId={messageId} part={file.part} />
      )}
    </Modal>
  )
}

function TextPreview({ messageId, part }: { messageId: string; part: string }) {
  const { t } = useWords()
  const { data, error, refetch } = useQuery({
    queryKey: ['mail', 'partText', messageId, part],
    queryFn: async ({ signal }) => {
      const bytes = await caller.call(mail.calls.downloadPart, { messageId, part }, { signal })
      return (await bytes.text()).slice(0, mostLetters + 1)
    },
    staleTime: Infinity,
  })
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <Loading />
  return (
    <ScrollArea.Autosize mah="75dvh" type="auto" viewportProps={{ tabIndex: 0 }}>
      <Text component="pre" ff="monospace" size="sm" m={0} style={{ whiteSpace: 'pre-wrap' }}>
        {data.slice(0, mostLetters)}
      </Text>
      {data.length > mostLetters && <Text c="dimmed">{t('mail.cut')}</Text>}
    </ScrollArea.Autosize>
  )
}
