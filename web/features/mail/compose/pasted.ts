/** What is pasted or dropped into the editor. Its HTML is read where nothing of it runs, and only what the editor knows stays. */
import { DOMParser } from '@tiptap/pm/model'
import type { EditorView } from '@tiptap/pm/view'
import { inertDocument } from '#web/app/trusted-types.ts'
import { dropFillers } from './editor-content.ts'

export type TakeFiles = (files: readonly File[], isInText: boolean) => void

/** True: it is taken care of. */
export function takePasted(view: EditorView, event: ClipboardEvent, onFiles: TakeFiles): boolean {
  return settle(event, take(view, event.clipboardData, onFiles))
}

export function takeDropped(view: EditorView, event: DragEvent, onFiles: TakeFiles): boolean {
  // What is moved within the editor needs no reading.
  if (view.dragging) return false
  const place = view.posAtCoords({ left: event.clientX, top: event.clientY })
  return settle(event, take(view, event.dataTransfer, onFiles, place?.pos))
}

function settle(event: Event, isTaken: boolean): boolean {
  if (isTaken) event.preventDefault()
  return isTaken
}

function take(view: EditorView, data: DataTransfer | null, onFiles: TakeFiles, position?: number): boolean {
  const html = data?.getData('text/html') ?? ''
  const body = html === '' ? undefined : inertDocument(html).body
  const files = Array.from(data?.files ?? [])
  // Programs that copy text add a picture of it; a picture from a page comes with its `<img>`.
  if (files.length > 0 && !body?.textContent?.trim()) {
    onFiles(files, true)
    return true
  }
  if (!body) return false
  for (const element of body.querySelectorAll('style, script, title, template')) element.remove()
  dropFillers(body)
  const slice = DOMParser.fromSchema(view.state.schema).parseSlice(body)
  const { tr } = view.state
  if (position === undefined) tr.replaceSelection(slice)
  else tr.replace(position, position, slice)
  view.dispatch(tr.scrollIntoView().setMeta('paste', true).setMeta('uiEvent', 'paste'))
  return true
}
