import { Note } from './Note.tsx'

/** Says why a form could not be sent. */
export function FailureNote({ text }: { text: string | undefined }) {
  if (text === undefined) return null
  return (
    <Note tone="bad" isAlert>
      {text}
    </Note>
  )
}
