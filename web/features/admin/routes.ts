/** Pages for admins and owners. Each is loaded when it is first gone to. */
import { createRoute, lazyRouteComponent, notFound, redirect } from '@tanstack/react-router'
import { texts } from '#web/app/search.ts'
import { hasRole, requireAccount } from '#web/app/session.ts'
import { shellRoute } from '#web/app/shell-route.tsx'

const adminRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/admin',
  async beforeLoad({ context, location }): Promise<void> {
    const account = await requireAccount(context.queries, location)
    if (!hasRole(account, 'admin')) throw notFound()
  },
})
const getParentRoute = () => adminRoute

const startRoute = createRoute({
  getParentRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/admin/overview', replace: true })
  },
})

const systemRoutes = [
  createRoute({
    getParentRoute,
    path: 'overview',
    component: lazyRouteComponent(() => import('./health/OverviewPage.tsx'), 'OverviewPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'topology',
    component: lazyRouteComponent(() => import('./topology/TopologyPage.tsx'), 'TopologyPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'installation',
    component: lazyRouteComponent(() => import('./InstallationPage.tsx'), 'InstallationPage'),
  }),
] as const

const peopleRoutes = [
  createRoute({
    getParentRoute,
    path: 'accounts',
    validateSearch: texts('search', 'role', 'state'),
    component: lazyRouteComponent(() => import('./accounts/AccountsPage.tsx'), 'AccountsPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'accounts/import',
    component: lazyRouteComponent(() => import('./accounts/ImportPage.tsx'), 'ImportPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'accounts/$accountId',
    component: lazyRouteComponent(() => import('./accounts/AccountPage.tsx'), 'AccountPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'sessions',
    component: lazyRouteComponent(() => import('./accounts/AllSessionsPage.tsx'), 'AllSessionsPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'erasures',
    component: lazyRouteComponent(() => import('./accounts/ErasuresPage.tsx'), 'ErasuresPage'),
  }),
] as const

const accessRoutes = [
  createRoute({
    getParentRoute,
    path: 'grants',
    validateSearch: texts('service', 'role', 'search'),
    component: lazyRouteComponent(() => import('./access/GrantsPage.tsx'), 'GrantsPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'protection',
    component: lazyRouteComponent(() => import('./access/ProtectionPage.tsx'), 'ProtectionPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'service-keys',
    component: lazyRouteComponent(() => import('./access/ServiceKeysPage.tsx'), 'ServiceKeysPage'),
  }),
] as const

const recordRoutes = [
  createRoute({
    getParentRoute,
    path: 'logs',
    validateSearch: texts('text', 'level', 'service', 'name', 'from', 'to', 'traceId', 'live'),
    component: lazyRouteComponent(() => import('./logs/LogsPage.tsx'), 'LogsPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'traces',
    validateSearch: texts('service', 'errors', 'slow'),
    component: lazyRouteComponent(() => import('./logs/TracesPage.tsx'), 'TracesPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'traces/$traceId',
    component: lazyRouteComponent(() => import('./logs/TracePage.tsx'), 'TracePage'),
  }),
  createRoute({
    getParentRoute,
    path: 'audit',
    validateSearch: texts('actor', 'action', 'subject'),
    component: lazyRouteComponent(() => import('./logs/AuditPage.tsx'), 'AuditPage'),
  }),
] as const

const messageRoutes = [
  createRoute({
    getParentRoute,
    path: 'outbox',
    validateSearch: texts('channel', 'state', 'search', 'id'),
    component: lazyRouteComponent(() => import('./messages/OutboxPage.tsx'), 'OutboxPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'dead-letters',
    validateSearch: texts('subscription', 'id'),
    component: lazyRouteComponent(() => import('./messages/DeadLettersPage.tsx'), 'DeadLettersPage'),
  }),
] as const

const mailRoutes = [
  createRoute({
    getParentRoute,
    path: 'mail/domains',
    component: lazyRouteComponent(() => import('./mail/DomainsPage.tsx'), 'DomainsPage'),
  }),
  createRoute({
    getParentRoute,
    // A path with a dot would be that of a file.
    path: 'mail/domains/records',
    validateSearch: texts('name'),
    component: lazyRouteComponent(() => import('./mail/DomainPage.tsx'), 'DomainPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'mail/addresses',
    validateSearch: texts('text', 'kind'),
    component: lazyRouteComponent(() => import('./mail/AddressesPage.tsx'), 'AddressesPage'),
  }),
  createRoute({
    getParentRoute,
    path: 'mail/queue',
    validateSearch: texts('domain'),
    component: lazyRouteComponent(() => import('./mail/QueuePage.tsx'), 'QueuePage'),
  }),
  createRoute({
    getParentRoute,
    path: 'mail/reports',
    validateSearch: texts('domain', 'days'),
    component: lazyRouteComponent(() => import('./mail/ReportsPage.tsx'), 'ReportsPage'),
  }),
] as const

export const adminRoutes = [
  adminRoute.addChildren([
    startRoute,
    ...systemRoutes,
    ...peopleRoutes,
    ...accessRoutes,
    ...recordRoutes,
    ...messageRoutes,
    ...mailRoutes,
  ]),
] as const
