import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '#web/app/shell-route.tsx'

/** Every page of the mail lies in it: the search box, the open letters, what arrives live. */
export const mailRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/mail',
  component: lazyRouteComponent(() => import('./MailLayout.tsx'), 'MailLayout'),
})
