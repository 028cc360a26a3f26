/** Pictures that this page attached, by Content-ID, so that the editor can show them. */
import type { Editor } from '@tiptap/react'
import { v7 } from 'uuid'
import { filesOf } from './files.ts'
import type { Uploads } from './uploads.ts'

const addresses = new Map<string, string>()
const watchers = new Set<() => void>()

export function inlineImage(contentId: string): string | undefined {
  return addresses.get(contentId)
}

function keepInlineImage(contentId: string, picture: Blob): void {
  addresses.set(contentId, URL.createObjectURL(picture))
  for (const watcher of watchers) watcher()
}

export function onInlineImage(watcher: () => void): () => void {
  watchers.add(watcher)
  return () => void watchers.delete(watcher)
}

/** Into the text where the cursor is. False, and nothing happens, where the message would become too large. */
export function attachPictures(editor: Editor, uploads: Uploads, pictures: readonly File[]): boolean {
  const shown = filesOf(pictures).map((file, index) => {
    const contentId = `${v7()}@picture`
    return { ...file, contentId, picture: pictures[index]! }
  })
  if (!uploads.add(shown)) return false
  for (const { contentId, picture } of shown) keepInlineImage(contentId, picture)
  const nodes = shown.map(({ contentId, fileName }) => ({
    type: 'image',
    attrs: { src: `cid:${contentId}`, alt: fileName },
  }))
  return editor.chain().focus().insertContent(nodes).run()
}
