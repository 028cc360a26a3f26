import { ActionIcon, Tooltip, UnstyledButton } from '@mantine/core'
import { Maximize2, Minimize2, Minus, X } from 'lucide-react'
import { useEffect, useRef, useState, useSyncExternalStore, type DragEvent, type KeyboardEvent } from 'react'
import { useWords } from '#web/app/language.tsx'
import classes from './compose.module.css'
import { useEndings } from './endings.ts'
import { filesOf } from './files.ts'
import { WindowBody } from './WindowBody.tsx'
import { changeWindow, type OpenWindow, type WindowMode } from './windows.ts'

export interface ComposeWindowProps {
  opened: OpenWindow
  /** As it is shown: there may not be room for all that are docked. */
  mode: WindowMode
  isPhone: boolean
}

/** A message that is being written. It is no modal: the page beside it stays in use. */
export function ComposeWindow({ opened, mode, isPhone }: ComposeWindowProps) {
  const { key, keeper, uploads } = opened
  const { t } = useWords()
  const { content, generation } = useSyncExternalStore(keeper.subscribe, keeper.view)
  const endings = useEndings(opened)
  const [isDropping, setDropping] = useState(false)
  const [problem, setProblem] = useState<string>()
  const place = useFocusReturn()
  const isMinimised = mode === 'minimised'
  const title = content.subject.trim() || t('compose.new')

  function drop(event: DragEvent): void {
    setDropping(false)
    if (event.defaultPrevented || event.dataTransfer.files.length === 0) return
    event.preventDefault()
    attach(Array.from(event.dataTransfer.files))
  }
  function attach(files: readonly File[]): void {
    setProblem(uploads.add(filesOf(files)) ? undefined : t('compose.tooLarge'))
  }
  function onKey(event: KeyboardEvent): void {
    // What opens within the window closes first.
    if (event.key !== 'Escape' || event.defaultPrevented || isMinimised) return
    if (!place.current?.contains(event.target as Node)) return
    event.stopPropagation()
    endings.close()
  }
  return (
    <>
      {mode === 'full' && !isPhone && <div className={classes.veil} />}
      <div
        ref={place}
        role="dialog"
        aria-label={title}
        className={classes.window}
        data-mode={mode}
        data-dropping={isDropping}
        data-compose={key}
        onKeyDown={onKey}
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes('Files')) return
          event.preventDefault()
          setDropping(true)
        }}
        onDragLeave={() => setDropping(false)}
        onDropCapture={() => setDropping(false)}
        onDrop={drop}
      >
        <WindowBar opened={opened} mode={mode} isPhone={isPhone} title={title} onClose={endings.close} />
        <div className={classes.body} hidden={isMinimised}>
          <WindowBody
            key={generation}
            opened={opened}
            endings={endings}
            problem={problem}
            onProblem={setProblem}
          />
        </div>
      </div>
    </>
  )
}

interface WindowBarProps extends ComposeWindowProps {
  title: string
  onClose: () => void
}

function WindowBar({ opened: { key }, mode, isPhone, title, onClose }: WindowBarProps) {
  const { t } = useWords()
  const isMinimised = mode === 'minimised'
  const button = (label: string, Icon: typeof X, act: () => void) => (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" c="inherit" aria-label={label} onClick={act}>
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  )
  return (
    <div className={classes.bar}>
      {isMinimised ? (
        <UnstyledButton
          className={classes.title}
          aria-expanded={false}
          aria-label={t('compose.open', { title })}
          onClick={() => changeWindow(key, 'docked')}
        >
          {title}
        </UnstyledButton>
      ) : (
        <span className={classes.title}>{title}</span>
      )}
      {!isMinimised && button(t('compose.minimise'), Minus, () => changeWindow(key, 'minimised'))}
      {!isPhone &&
        !isMinimised &&
        (mode === 'full'
          ? button(t('compose.dock'), Minimize2, () => changeWindow(key, 'docked'))
          : button(t('compose.full'), Maximize2, () => changeWindow(key, 'full')))}
      {button(t('compose.close'), X, onClose)}
    </div>
  )
}

/** What had the focus before gets it back, where the window had it last. */
function useFocusReturn() {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const before = document.activeElement
    const window = place.current
    return () => {
      const isLost = document.activeElement === document.body || window?.contains(document.activeElement)
      if (isLost && before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return place
}
