import '@mantine/notifications/styles.css'
import { createTheme, MantineThemeProvider, Notification } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { useMemo } from 'react'
import { useWords } from '#web/app/language.tsx'

export function Notices() {
  const { t } = useWords()
  const label = t('action.close')
  const theme = useMemo(() => {
    const closeButtonProps = { 'aria-label': label }
    return createTheme({
      components: { Notification: Notification.extend({ defaultProps: { closeButtonProps } }) },
    })
  }, [label])
  return (
    <MantineThemeProvider inherit theme={theme}>
      <Notifications position="bottom-center" />
    </MantineThemeProvider>
  )
}
