/** The open compose windows, side by side at the lower edge; on a phone one fills the page. */
import { Portal } from '@mantine/core'
import { useMediaQuery, useViewportSize } from '@mantine/hooks'
import { useWords } from '#web/app/language.tsx'
import classes from './compose.module.css'
import { ComposeWindow } from './ComposeWindow.tsx'
import type { OpenWindow } from './windows.ts'

/** Of a docked window with the gap beside it. */
const widthPx = 560

export function ComposeDock({ windows }: { windows: readonly OpenWindow[] }) {
  const { t } = useWords()
  const { width } = useViewportSize()
  const isPhone = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  const room = isPhone ? 1 : Math.max(1, Math.floor(width / widthPx))
  const docked = windows.filter(({ mode }) => mode === 'docked')
  const shown = new Set(docked.slice(-room))
  return (
    <Portal>
      <section aria-label={t('compose.windows')} className={classes.dock}>
        {windows.map((opened) => (
          <ComposeWindow
            key={opened.key}
            opened={opened}
            mode={opened.mode === 'docked' && !shown.has(opened) ? 'minimised' : opened.mode}
            isPhone={isPhone}
          />
        ))}
      </section>
    </Portal>
  )
}
