/** Keys as in Gmail. What was shown last answers first. */
import { useEffect, useRef } from 'react'

/** By `event.key`, or two of them: `j`, `I` (with shift), `#`, `g i`. */
export type Keys = Partial<Record<string, () => void>>

const layers: { readonly keys: { current: Keys } }[] = []
/** Time between the two keys of a sequence. */
const sequenceMs = 1200
let first = { key: '', at: -Infinity }

/** While the component is shown and `isOn`. */
export function useKeys(keys: Keys, isOn = true): void {
  const current = useRef(keys)
  current.current = keys
  useEffect(() => {
    if (!isOn) return
    const layer = { keys: current }
    if (layers.push(layer) === 1) window.addEventListener('keydown', onKey, { capture: true })
    return () => {
      layers.splice(layers.indexOf(layer), 1)
      if (layers.length === 0) window.removeEventListener('keydown', onKey, { capture: true })
    }
  }, [isOn])
}

/** Also for keys that were pressed within the frame of a message. */
export function onKey(event: KeyboardEvent): void {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return
  if (isElsewhere(event.target)) return
  const key = keyOf(event)
  const isSecond = event.timeStamp - first.at < sequenceMs
  const act = (isSecond && findKey(`${first.key} ${key}`)) || findKey(key)
  first = !isSecond && startsSequence(key) ? { key, at: event.timeStamp } : { key: '', at: -Infinity }
  if (!act) return
  event.preventDefault()
  event.stopImmediatePropagation()
  act()
}

function findKey(key: string): (() => void) | undefined {
  for (const { keys } of layers.toReversed()) {
    const act = keys.current[key]
    if (act) return act
  }
  return undefined
}

function startsSequence(key: string): boolean {
  return layers.some(({ keys }) => Object.keys(keys.current).some((one) => one.startsWith(`${key} `)))
}

/** Of a keyboard with other letters, the Latin one that is on the key. */
function keyOf({ key, code, shiftKey }: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1]
  if (letter && !/^[\x20-\x7e]$/.test(key) && key.length === 1)
    return shiftKey ? letter : letter.toLowerCase()
  return key
}

/** Typing, or in a menu or dialog. */
function isElsewhere(target: EventTarget | null): boolean {
  if (document.querySelector('[aria-modal="true"]')) return true
  // Elements of a frame are of another realm: they are no instance of this page's classes.
  const element = target as Partial<HTMLElement> | null
  if (typeof element?.closest !== 'function') return false
  if (element.isContentEditable) return true
  return (
    element.closest(
      'textarea, select, input:not([type=checkbox]), [role=dialog], [role=menu], [role=listbox]',
    ) !== null
  )
}
