/** Every page of the app. */
import type { QueryClient } from '@tanstack/react-query'
import { createRoute, createRouter, redirect } from '@tanstack/react-router'
import { accountRoutes } from '#web/features/account/routes.ts'
import { adminRoutes } from '#web/features/admin/routes.ts'
import { entryRoutes } from '#web/features/entry/routes.ts'
import { mailPrintRoute, mailRoutes } from '#web/features/mail/routes.ts'
import { NotFound, PageFailed, PagePending } from './pages.tsx'
import { rootRoute } from './root-route.tsx'
import { shellRoute } from './shell-route.tsx'

const startRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/account/profile', replace: true })
  },
})

const routeTree = rootRoute.addChildren([
  ...entryRoutes,
  mailPrintRoute,
  shellRoute.addChildren([startRoute, mailRoutes, ...accountRoutes, ...adminRoutes]),
])

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree,
    context: { queries },
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultPendingComponent: PagePending,
    defaultErrorComponent: PageFailed,
    defaultNotFoundComponent: NotFound,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}
