/** Files of a message: with a small picture, to look at and to download. */
import { ActionIcon } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import {
  Download,
  File,
  FileArchive,
  FileAudio,
  FileCode,
  FileImage,
  FileSpreadsheet,
  FileText,
  FileVideo,
  type LucideIcon,
} from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import type { OutputOf } from '#contracts/client.ts'
import { addressOf } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import { caller } from '#web/app/caller.ts'
import { useWords } from '#web/app/language.tsx'
import { useFailureNotice } from '#web/ui/notices.ts'
import { sizeText } from './size-text.ts'
import classes from './message.module.css'

const Preview = lazy(() => import('./Preview.tsx').then(({ Preview }) => ({ default: Preview })))

export type MailFile = OutputOf<typeof mail.calls.showThread>['messages'][number]['attachments'][number]

/** What the gateway gives to be shown in a page. */
const isPicture = ({ mediaType }: MailFile) => /^image\/(?:png|jpeg|gif|webp|avif)$/i.test(mediaType)
const isText = ({ mediaType, sizeBytes }: MailFile) =>
  /^text\/(?:plain|csv|markdown|x-diff)$|^application\/json$/i.test(mediaType) && sizeBytes < 2_000_000
const isPdf = ({ mediaType }: MailFile) => mediaType.toLowerCase() === 'application/pdf'

export function Attachments({ messageId, files }: { messageId: string; files: readonly MailFile[] }) {
  const words = useWords()
  const { t, counted } = words
  const [shown, setShown] = useState<number>()
  const openPdf = usePdf(messageId)
  if (files.length === 0) return null
  const previewed = files.filter((file) => isPicture(file) || isText(file))
  return (
    <>
      <ul className={classes.files} aria-label={counted('mail.attachments', files.length)}>
        {files.map((file) => {
          const Icon = iconOf(file)
          const address = addressOf(mail.calls.downloadPart, { messageId, part: file.part })
          const at = previewed.indexOf(file)
          const look = at >= 0 ? () => setShown(at) : isPdf(file) ? () => openPdf(file) : undefined
          return (
            <li key={file.part} className={classes.file}>
              <button
                type="button"
                className={classes.thumb}
                disabled={!look}
                aria-label={t('mail.preview', { name: file.fileName })}
                onClick={look}
              >
                {isPicture(file) && file.sizeBytes < 10_000_000 ? (
                  <img src={address} alt="" loading="lazy" />
                ) : (
                  <Icon size={34} strokeWidth={1.25} aria-hidden />
                )}
              </button>
              <div className={classes.fileFoot}>
                <div className={classes.fileName}>
                  <span title={file.fileName}>{file.fileName}</span>
                  <span>{sizeText(words, file.sizeBytes)}</span>
                </div>
                <ActionIcon
                  component="a"
                  href={address}
                  download={file.fileName}
                  variant="subtle"
                  color="gray"
                  aria-label={t('mail.downloadFile', { name: file.fileName })}
                >
                  <Download size={16} />
                </ActionIcon>
              </div>
            </li>
          )
        })}
      </ul>
      {shown !== undefined && (
        <Suspense>
          <Preview
            messageId={messageId}
            files={previewed}
            position={shown}
            onPosition={setShown}
            onClose={() => setShown(undefined)}
          />
        </Suspense>
      )}
    </>
  )
}

/** In a tab of its own, by the browser's viewer: a sandboxed frame would have none. */
function usePdf(messageId: string): (file: MailFile) => void {
  const notifyFailure = useFailureNotice()
  const open = useMutation({
    async mutationFn({ part }: MailFile) {
      // Before the wait: browsers let a click open a tab only at once.
      const tab = window.open('', '_blank')
      const bytes = await caller.call(mail.calls.downloadPart, { messageId, part })
      const address = URL.createObjectURL(new Blob([bytes], { type: 'application/pdf' }))
      if (tab) tab.location.href = address
      else window.location.assign(address)
      setTimeout(() => URL.revokeObjectURL(address), 60_000)
    },
    onError: notifyFailure,
  })
  return (file) => open.mutate(file)
}

function iconOf({ mediaType, fileName }: MailFile): LucideIcon {
  const type = `${mediaType} ${fileName}`.toLowerCase()
  const found = icons.find(([pattern]) => pattern.test(type))
  return found ? found[1] : File
}

const icons: [RegExp, LucideIcon][] = [
  [/^image\//, FileImage],
  [/^audio\//, FileAudio],
  [/^video\//, FileVideo],
  [/zip|tar|rar|7z|gzip/, FileArchive],
  [/sheet|excel|csv|\.xlsx?$|\.ods$/, FileSpreadsheet],
  [/html|xml|json|javascript/, FileCode],
  [/pdf|word|text|document|rtf/, FileText],
]
