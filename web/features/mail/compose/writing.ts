/** The text of a compose window: what the editor has, what is quoted below it, and the pictures in it. */
import { useMemo, useRef, useState } from 'react'
import { useWords } from '#web/app/language.tsx'
import type { TiptapEditor } from './Editor.tsx'
import { filesOf, isPicture } from './files.ts'
import { attachPictures } from './inline-images.ts'
import { takeApart } from './message-html.ts'
import { textWithQuote } from './plain-text.ts'
import type { OpenWindow } from './windows.ts'

export interface Writing {
  /** What the editor begins with. */
  firstHtml: string
  /** Without what is quoted. */
  html(): string
  change(make: () => string): void
  quote: string | null
  removeQuote(): void
  /** Into the text, as far as the editor knows its formats. */
  takeQuote(json: object): void
  editor: TiptapEditor | undefined
  setEditor(editor: TiptapEditor): void
  attach(files: readonly File[], isInText?: boolean): void
}

export function useWriting(
  { keeper, uploads }: OpenWindow,
  onProblem: (problem: string | undefined) => void,
): Writing {
  const { t } = useWords()
  const [editor, setEditor] = useState<TiptapEditor>()
  const first = useMemo(() => {
    const { html, text } = keeper.view().content
    const { body, quote } = takeApart(html, text)
    return { html: body.innerHTML, quote }
  }, [])
  const [quote, setQuote] = useState(first.quote)
  const html = useRef(first.html)

  function keep(make: () => string, quote: string | null): void {
    keeper.change(() => {
      html.current = make()
      return { html: html.current + (quote ?? ''), text: textWithQuote(html.current, quote) }
    })
  }
  function removeQuote(): void {
    keeper.settle()
    setQuote(null)
    keep(() => html.current, null)
  }
  function attach(files: readonly File[], isInText = false): void {
    const pictures = isInText && editor ? files.filter(isPicture) : []
    const others = files.filter((file) => !pictures.includes(file))
    const isTaken =
      (others.length === 0 || uploads.add(filesOf(others))) &&
      (!editor || pictures.length === 0 || attachPictures(editor, uploads, pictures))
    onProblem(isTaken ? undefined : t('compose.tooLarge'))
  }
  return {
    firstHtml: first.html,
    html: () => html.current,
    change: (make) => keep(make, quote),
    quote,
    removeQuote,
    takeQuote(json) {
      removeQuote()
      editor?.commands.insertContentAt(editor.state.doc.content.size, json)
    },
    editor,
    setEditor,
    attach,
  }
}
