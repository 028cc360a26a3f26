import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { rootRoute } from '#web/app/root-route.tsx'
import { texts } from '#web/app/search.ts'
import { requireAccount } from '#web/app/session.ts'
import { mailRoute } from './mail-route.tsx'
import { draftsRoute, mailSettingsRoutes } from './settings/routes.ts'

const ListPage = lazyRouteComponent(() => import('./list/ListPage.tsx'), 'ListPage')
const ConversationPage = lazyRouteComponent(
  () => import('./conversation/ConversationPage.tsx'),
  'ConversationPage',
)

const startRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/mail/$place', params: { place: 'inbox' }, replace: true })
  },
})

/** A list stays as it is, and where it is scrolled to, behind a conversation that is opened from it. */
const placeRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: '$place',
  validateSearch: texts('category'),
  component: ListPage,
})
const placeThreadRoute = createRoute({
  getParentRoute: () => placeRoute,
  path: '$threadId',
  component: ConversationPage,
})

const labelRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: 'label/$labelId',
  component: ListPage,
})
const labelThreadRoute = createRoute({
  getParentRoute: () => labelRoute,
  path: '$threadId',
  component: ConversationPage,
})

const searchRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: 'search',
  validateSearch: texts('q'),
  component: ListPage,
})
const searchThreadRoute = createRoute({
  getParentRoute: () => searchRoute,
  path: '$threadId',
  component: ConversationPage,
})

const originalRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: 'original/$messageId',
  component: lazyRouteComponent(() => import('./conversation/OriginalPage.tsx'), 'OriginalPage'),
})

export const mailRoutes = mailRoute.addChildren([
  startRoute,
  draftsRoute,
  mailSettingsRoutes,
  placeRoute.addChildren([placeThreadRoute]),
  labelRoute.addChildren([labelThreadRoute]),
  searchRoute.addChildren([searchThreadRoute]),
  originalRoute,
])

/** On paper there is no frame around it. */
export const mailPrintRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/mail-print/$threadId',
  validateSearch: texts('message'),
  beforeLoad: ({ context, location }) => requireAccount(context.queries, location).then(() => {}),
  component: lazyRouteComponent(() => import('./conversation/PrintPage.tsx'), 'PrintPage'),
})
