import '@mantine/core/styles.css'
import './app/fonts.css'
import './app/app.css'
import { MantineProvider } from '@mantine/core'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { loadMessages } from '#web/messages/messages.ts'
import { deviceLanguage } from './app/device-language.ts'
import { LanguageProvider } from './app/language.tsx'
import { createQueryClient } from './app/query-client.ts'
import { makeRouter } from './app/router.tsx'
import { leaveSession } from './app/session-end.ts'
import { NoticeHost } from './ui/NoticeHost.tsx'
import { cssVariables, theme } from './app/theme.ts'
import { protectSinks, registerServiceWorker } from './app/trusted-types.ts'

protectSinks()
registerServiceWorker()
// A page that was opened before an update asks for files that are gone.
window.addEventListener('vite:preloadError', () => location.reload())
await start()

async function start(): Promise<void> {
  const queries = createQueryClient(() => leaveSession(router, queries, 'ended'))
  const router = makeRouter(queries)
  const language = deviceLanguage()
  document.documentElement.lang = language
  const first = { language, messages: await loadMessages(language) }
  createRoot(document.querySelector('#root')!).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <LanguageProvider first={first}>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
            <NoticeHost />
          </QueryClientProvider>
        </LanguageProvider>
      </MantineProvider>
    </StrictMode>,
  )
}
