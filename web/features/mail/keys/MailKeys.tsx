/** Keys that work on every page of the mail, and the list of all. */
import { lazy, Suspense, useState } from 'react'
import { undoLast } from '../actions/mail-actions.ts'
import { useCompose } from '../compose/composers.tsx'
import { useMail } from '../mail-context.ts'
import { hrefOf, placeOfFolder, useGo, type Folder } from '../place.ts'
import { focusSearch } from '../search/search-focus.ts'
import { useKeys } from './shortcuts.ts'

const ShortcutOverlay = lazy(() =>
  import('./ShortcutOverlay.tsx').then(({ ShortcutOverlay }) => ({ default: ShortcutOverlay })),
)

const goTo: [string, Folder][] = [
  ['g i', 'inbox'],
  ['g s', 'starred'],
  ['g b', 'snoozed'],
  ['g t', 'sent'],
  ['g d', 'drafts'],
  ['g a', 'all'],
  ['g !', 'junk'],
]

export function MailKeys() {
  const { hasShortcuts } = useMail().preferences
  const [isListOpen, setListOpen] = useState(false)
  const { compose } = useCompose()
  const go = useGo()
  useKeys(
    {
      ...Object.fromEntries(goTo.map(([keys, folder]) => [keys, () => go(hrefOf(placeOfFolder(folder)))])),
      'g l': () => focusSearch('label:'),
      '/': () => focusSearch(),
      '?': () => setListOpen(true),
      c: () => compose(),
      z: undoLast,
    },
    hasShortcuts,
  )
  if (!isListOpen) return null
  return (
    <Suspense>
      <ShortcutOverlay onClose={() => setListOpen(false)} />
    </Suspense>
  )
}
