/** Lets keys put the cursor into the search box. */
type Focus = (text?: string) => void
let focus: Focus = () => {}

/** The search box says how. Gives what takes it back. */
export function setSearchFocus(next: Focus): () => void {
  focus = next
  return () => {
    if (focus === next) focus = () => {}
  }
}

/** `text` is put there to be gone on from. */
export const focusSearch: Focus = (text) => focus(text)
