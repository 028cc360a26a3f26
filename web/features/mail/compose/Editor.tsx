/** Text with formats. */
import { EditorContent, getSchema, useEditor, type Editor as TiptapEditor } from '@tiptap/react'
import { useEffect, useMemo, useRef } from 'react'
import { documentOf, htmlOf } from './editor-content.ts'
import { editorExtensions } from './editor-extensions.ts'
import classes from './editor.module.css'
import { takeDropped, takePasted, type TakeFiles } from './pasted.ts'

export type { TiptapEditor }

export interface EditorProps {
  /** What it begins with. Of elements it does not know, the text stays. */
  html: string
  label: string
  placeholder?: string
  hasFocus?: boolean
  /** Gives the HTML when asked: making it costs more than a keystroke may. */
  onChange: (html: () => string) => void
  onFiles?: TakeFiles
  /** Ctrl or ⌘ and Enter. */
  onSend?: () => void
  onReady?: (editor: TiptapEditor) => void
}

export function Editor(props: EditorProps) {
  const { html, label, placeholder = '', hasFocus = false } = props
  const latest = useRef(props)
  latest.current = props
  const extensions = useMemo(() => editorExtensions(placeholder), [])
  const content = useMemo(() => contentOf(html, extensions), [])
  const editor = useEditor({
    extensions,
    content,
    autofocus: hasFocus ? 'start' : false,
    shouldRerenderOnTransaction: false,
    editorProps: {
      attributes: { role: 'textbox', 'aria-multiline': 'true', 'aria-label': label, dir: 'auto' },
      // What the editor's own handlers do with HTML, the page's policy refuses.
      handleDOMEvents: {
        paste: (view, event) => takePasted(view, event, (...taken) => latest.current.onFiles?.(...taken)),
        drop: (view, event) => takeDropped(view, event, (...taken) => latest.current.onFiles?.(...taken)),
      },
      handleKeyDown: (_, event) => {
        if (!(event.ctrlKey || event.metaKey)) return false
        if (event.key === 'k') return openLinkForm(event)
        if (event.key !== 'Enter' || !latest.current.onSend) return false
        latest.current.onSend()
        return true
      },
    },
    onUpdate: ({ editor }) => latest.current.onChange(() => htmlOf(editor)),
  })
  useEffect(() => {
    editor.view.dom.setAttribute('aria-label', label)
  }, [editor, label])
  useEffect(() => latest.current.onReady?.(editor), [editor])
  return <EditorContent editor={editor} className={classes.text!} />
}

/** Elsewhere the keys open the palette. */
function openLinkForm(event: KeyboardEvent): boolean {
  const place = (event.target as Element).closest('[role=dialog]')
  place?.querySelector<HTMLElement>('[data-tool=link]')?.click()
  event.stopPropagation()
  return true
}

function contentOf(html: string, extensions: ReturnType<typeof editorExtensions>) {
  return documentOf(getSchema(extensions), html).toJSON() as object
}
