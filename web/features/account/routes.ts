import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { shellRoute } from '#web/app/shell-route.tsx'

const getParentRoute = () => shellRoute

export const accountRoutes = [
  createRoute({
    getParentRoute,
    path: '/account',
    beforeLoad: () => {
      throw redirect({ to: '/account/profile', replace: true })
    },
  }),
  createRoute({
    getParentRoute,
    path: '/account/profile',
    component: lazyRouteComponent(() => import('./ProfilePage.tsx'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account/security',
    component: lazyRouteComponent(() => import('./SecurityPage.tsx'), 'SecurityPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account/sessions',
    component: lazyRouteComponent(() => import('./SessionsPage.tsx'), 'SessionsPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account/notifications',
    component: lazyRouteComponent(() => import('./NotificationsPage.tsx'), 'NotificationsPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account/programs',
    component: lazyRouteComponent(() => import('./ProgramsPage.tsx'), 'ProgramsPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account/keys',
    component: lazyRouteComponent(() => import('./KeysPage.tsx'), 'KeysPage'),
  }),
  createRoute({
    getParentRoute,
    path: '/account/privacy',
    component: lazyRouteComponent(() => import('./PrivacyPage.tsx'), 'PrivacyPage'),
  }),
] as const
