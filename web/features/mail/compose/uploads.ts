/** Files of a compose window on their way to the server. */
import { CallError, standardError } from '#contracts/errors.ts'
import { addressOf, newIdempotencyKey } from '#contracts/http-client.ts'
import { mail } from '#contracts/mail.ts'
import { mostAttachedBytes, type DraftContent } from '#contracts/mail/writing.ts'
import { sendFile } from './send-file.ts'

export type DraftAttachment = DraftContent['attachments'][number]

export interface FileToAttach {
  fileName: string
  mediaType: string
  sizeBytes: number
  /** The text shows it. */
  contentId?: string
  /** Of a message that is forwarded it is fetched first. */
  open: () => Promise<Blob>
}

export interface Upload extends FileToAttach {
  key: string
  state: 'waiting' | 'running' | 'failed'
  /** 0 to 1. */
  share: number
  error: unknown
}

export interface Uploads {
  view(): readonly Upload[]
  subscribe(watcher: () => void): () => void
  /** False, and nothing begins, where the message would become too large. */
  add(files: readonly FileToAttach[]): boolean
  retry(key: string): void
  /** Also takes it back while it runs. */
  cancel(key: string): void
  cancelAll(): void
  /** Once none runs. */
  settled(): Promise<void>
}

export interface UploadsOptions {
  /** What is attached already. */
  attached: () => readonly DraftAttachment[]
  onDone: (attachment: DraftAttachment) => void
}

/** At a time; the connection is shared with the rest of the page. */
const mostRunning = 3

export function trackUploads({ attached, onDone }: UploadsOptions): Uploads {
  let uploads: readonly Upload[] = []
  const watchers = new Set<() => void>()
  const controllers = new Map<string, AbortController>()

  function tell(next: readonly Upload[]): void {
    uploads = next
    for (const watcher of watchers) watcher()
  }
  const change = (key: string, part: Partial<Upload>) =>
    tell(uploads.map((one) => (one.key === key ? { ...one, ...part } : one)))
  const drop = (key: string) => tell(uploads.filter((one) => one.key !== key))

  function add(files: readonly FileToAttach[]): boolean {
    if (sumOf(files) + sumOf(attached()) + sumOf(uploads) > mostAttachedBytes) return false
    const added = files.map((file): Upload => ({
      ...file,
      key: newIdempotencyKey(),
      state: 'waiting',
      share: 0,
      error: undefined,
    }))
    tell([...uploads, ...added])
    startNext()
    return true
  }

  function startNext(): void {
    while (controllers.size < mostRunning) {
      const next = uploads.find(({ state }) => state === 'waiting')
      if (!next) return
      void run(next)
    }
  }

  async function run(upload: Upload): Promise<void> {
    const { key, fileName, contentId } = upload
    const controller = new AbortController()
    controllers.set(key, controller)
    change(key, { state: 'running', share: 0, error: undefined })
    try {
      const { signal } = controller
      const { blob, mediaType, sizeBytes } = await send(upload, (share) => change(key, { share }), signal)
      if (signal.aborted) return
      drop(key)
      onDone({ blob, mediaType, sizeBytes, fileName, ...(contentId !== undefined && { contentId }) })
    } catch (error) {
      const isTakenBack = error instanceof CallError && error.code === 'cancelled'
      if (isTakenBack) drop(key)
      else change(key, { state: 'failed', error })
    } finally {
      controllers.delete(key)
      startNext()
    }
  }

  function cancel(key: string): void {
    controllers.get(key)?.abort()
    drop(key)
  }

  return {
    view: () => uploads,
    subscribe(watcher) {
      watchers.add(watcher)
      return () => void watchers.delete(watcher)
    },
    add,
    retry(key) {
      change(key, { state: 'waiting', error: undefined })
      startNext()
    },
    cancel,
    cancelAll: () => uploads.forEach(({ key }) => cancel(key)),
    settled: () =>
      new Promise((resolve) => {
        const look = () => {
          if (uploads.some(({ state }) => state !== 'failed')) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
      }),
  }
}

interface Stored {
  blob: string
  mediaType: string
  sizeBytes: number
}

async function send(
  { open, fileName, mediaType }: Upload,
  onShare: (share: number) => void,
  signal: AbortSignal,
): Promise<Stored> {
  const content = await open()
  if (signal.aborted) throw standardError('cancelled')
  const type = mediaType || 'application/octet-stream'
  const file = new File([content], fileName, { type })
  const address = addressOf(mail.calls.uploadAttachment, { upload: file } as never)
  return (await sendFile(address, file, { onShare, signal })) as Stored
}

function sumOf(files: readonly { sizeBytes: number }[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
