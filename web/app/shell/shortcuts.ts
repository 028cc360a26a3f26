/** Keys that work on every page of the shell, and the palette they open. */
import { useNavigate } from '@tanstack/react-router'
import { createElement, lazy, Suspense, useEffect, useState, type ReactNode } from 'react'
import type { Account } from '#contracts/identity/account.ts'
import { parts } from '#web/features/parts.ts'

const Palette = lazy(() => import('./Palette.tsx').then(({ Palette }) => ({ default: Palette })))

export interface Shortcuts {
  isListOpen: boolean
  closeList: () => void
  palette: { open: () => void; showShortcuts: () => void; element: ReactNode }
}

/** Time between `g` and the key of a part. */
const sequenceMs = 1200

export function useShortcuts(account: Account): Shortcuts {
  const navigate = useNavigate()
  const [isListOpen, setListOpen] = useState(false)
  /** How often it was opened: nothing of it is loaded before. */
  const [openings, setOpenings] = useState(0)
  const open = () => setOpenings((count) => count + 1)

  useEffect(() => {
    let isAfterG = 0
    function onKey(event: KeyboardEvent): void {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        open()
        return
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
      const part = parts.find(({ shortcut, mayUse }) => shortcut === event.key && mayUse(account))
      if (part && event.timeStamp - isAfterG < sequenceMs) void navigate({ to: part.to })
      else if (event.key === '?') setListOpen(true)
      isAfterG = event.key === 'g' ? event.timeStamp : -Infinity
    }
    window.addEventListener('keydown', onKey)
    return () => window.removeEventListener('keydown', onKey)
  }, [account, navigate])

  const showShortcuts = () => setListOpen(true)
  const element =
    openings > 0 &&
    createElement(
      Suspense,
      null,
      createElement(Palette, { account, openings, onShowShortcuts: showShortcuts }),
    )
  return { isListOpen, closeList: () => setListOpen(false), palette: { open, showShortcuts, element } }
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}
