/** What goes along, and how far what is on its way has come. */
import { ActionIcon, Progress, Text } from '@mantine/core'
import { Paperclip, RotateCw, X } from 'lucide-react'
import { useSyncExternalStore, type ReactNode } from 'react'
import { useWords } from '#web/app/language.tsx'
import { useFailureText } from '#web/ui/failure.ts'
import { sizeText } from '../conversation/size-text.ts'
import classes from './compose.module.css'
import type { DraftAttachment, Upload } from './uploads.ts'
import type { OpenWindow } from './windows.ts'

export function AttachmentList({ opened: { keeper, uploads } }: { opened: OpenWindow }) {
  const { t } = useWords()
  const { content } = useSyncExternalStore(keeper.subscribe, keeper.view)
  const running = useSyncExternalStore(uploads.subscribe, uploads.view)
  const attached = content.attachments.filter(({ contentId }) => contentId === undefined)
  if (attached.length === 0 && running.length === 0) return null
  const remove = (removed: DraftAttachment) =>
    keeper.change({ attachments: keeper.view().content.attachments.filter((one) => one !== removed) })
  return (
    <ul className={classes.files} aria-label={t('compose.attachments')}>
      {attached.map((attachment, index) => (
        <FileLine key={`${attachment.blob} ${index}`} {...attachment}>
          <Removal name={attachment.fileName} onRemove={() => remove(attachment)} />
        </FileLine>
      ))}
      {running.map((upload) => (
        <Running
          key={upload.key}
          upload={upload}
          onRetry={() => uploads.retry(upload.key)}
          onCancel={() => uploads.cancel(upload.key)}
        />
      ))}
    </ul>
  )
}

interface FileLineProps {
  fileName: string
  sizeBytes: number
  children: ReactNode
}

function FileLine({ fileName, sizeBytes, children }: FileLineProps) {
  const words = useWords()
  return (
    <li className={classes.file}>
      <Paperclip size={14} aria-hidden style={{ flex: 'none' }} />
      <span className={classes.fileName}>{fileName}</span>
      <Text size="xs" c="dimmed" component="span" flex="none">
        {sizeText(words, sizeBytes)}
      </Text>
      {children}
    </li>
  )
}

function Removal({ name, onRemove }: { name: string; onRemove: () => void }) {
  const { t } = useWords()
  return (
    <ActionIcon
      ml="auto"
      size="sm"
      variant="subtle"
      color="gray"
      c="inherit"
      aria-label={t('compose.removeFile', { name })}
      onClick={onRemove}
    >
      <X size={14} aria-hidden />
    </ActionIcon>
  )
}

interface RunningProps {
  upload: Upload
  onRetry: () => void
  onCancel: () => void
}

function Running({ upload, onRetry, onCancel }: RunningProps) {
  const { t } = useWords()
  const failureText = useFailureText()
  const { fileName, sizeBytes, share, state, error } = upload
  return (
    <FileLine fileName={fileName} sizeBytes={sizeBytes}>
      {state === 'failed' ? (
        <>
          <Text size="xs" c="var(--mantine-color-error)" role="alert" component="span" flex={1} truncate>
            {failureText(error)}
          </Text>
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            c="inherit"
            aria-label={t('compose.retryFile', { name: fileName })}
            onClick={onRetry}
          >
            <RotateCw size={14} aria-hidden />
          </ActionIcon>
        </>
      ) : (
        <Progress
          flex={1}
          miw={40}
          size="sm"
          value={share * 100}
          aria-label={t('compose.uploading', { name: fileName })}
        />
      )}
      <Removal name={fileName} onRemove={onCancel} />
    </FileLine>
  )
}
