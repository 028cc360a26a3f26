import { createRoute } from '@tanstack/react-router'
import { rootRoute } from './root-route.tsx'
import { requireAccount } from './session.ts'
import { Shell } from './shell/Shell.tsx'

/** Every page for who is signed in lies in it. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: ({ context, location }) => requireAccount(context.queries, location).then(() => {}),
  component: Shell,
})
