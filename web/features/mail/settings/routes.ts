import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { texts } from '#web/app/search.ts'
import { mailRoute } from '../mail-route.tsx'

const settingsRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: 'settings',
  component: lazyRouteComponent(() => import('./SettingsLayout.tsx'), 'SettingsLayout'),
})
const getParentRoute = () => settingsRoute

const pages = [
  createRoute({
    getParentRoute,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/mail/settings/general', replace: true })
    },
  }),
  createRoute({
    getParentRoute,
    path: 'general',
    component: lazyRouteComponent(() => import('./GeneralPage.tsx'), 'GeneralPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'signatures',
    component: lazyRouteComponent(() => import('./SignaturesPage.tsx'), 'SignaturesPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'filters',
    validateSearch: texts('query'),
    component: lazyRouteComponent(() => import('./FiltersPage.tsx'), 'FiltersPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'vacation',
    component: lazyRouteComponent(() => import('./VacationPage.tsx'), 'VacationPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'forwarding',
    component: lazyRouteComponent(() => import('./ForwardingPage.tsx'), 'ForwardingPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'contacts',
    validateSearch: texts('text', 'rule'),
    component: lazyRouteComponent(() => import('./ContactsPage.tsx'), 'ContactsPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'transfers',
    component: lazyRouteComponent(() => import('./TransfersPage.tsx'), 'TransfersPage'),
  }),
] as const

export const mailSettingsRoutes = settingsRoute.addChildren(pages)

export const draftsRoute = createRoute({
  getParentRoute: () => mailRoute,
  path: 'drafts',
  component: lazyRouteComponent(() => import('../compose/DraftsPage.tsx'), 'DraftsPage'),
})
