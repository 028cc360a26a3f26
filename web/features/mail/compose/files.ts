/** Files as they are attached. */
import type { FileToAttach } from './uploads.ts'

export function filesOf(files: readonly File[]): FileToAttach[] {
  return files.map((file) => ({
    fileName: file.name || 'file',
    mediaType: file.type || 'application/octet-stream',
    sizeBytes: file.size,
    open: async () => file,
  }))
}

/** What browsers and mail programs show within a text. */
export function isPicture({ type }: Pick<File, 'type'>): boolean {
  return /^image\/(png|jpeg|gif|webp)$/.test(type)
}
