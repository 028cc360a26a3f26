/** Pages for who is not signed in yet, or not completely. */
import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { rootRoute } from '#web/app/root-route.tsx'
import { texts } from '#web/app/search.ts'
import { requireAccount } from '#web/app/session.ts'
import { EntryLayout } from './EntryLayout.tsx'

const entryRoute = createRoute({ getParentRoute: () => rootRoute, id: 'entry', component: EntryLayout })

const signInRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/sign-in',
  validateSearch: texts('to', 'reason'),
  component: lazyRouteComponent(() => import('./SignInPage.tsx'), 'SignInPage'),
})

const signUpRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/sign-up',
  component: lazyRouteComponent(() => import('./SignUpPage.tsx'), 'SignUpPage'),
})

/** Stated outside of the route: beside `beforeLoad` its type is not found. */
const verifySearch = texts('channel', 'sent')

const verifyRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/verify',
  validateSearch: verifySearch,
  beforeLoad: ({ context, location }) => requireAccount(context.queries, location).then(() => {}),
  component: lazyRouteComponent(() => import('./VerifyPage.tsx'), 'VerifyPage'),
})

const verifyEmailRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/verify-email',
  validateSearch: texts('token'),
  component: lazyRouteComponent(() => import('./VerifyEmailPage.tsx'), 'VerifyEmailPage'),
})

const forgotPasswordRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/forgot-password',
  component: lazyRouteComponent(() => import('./ForgotPasswordPage.tsx'), 'ForgotPasswordPage'),
})

const resetPasswordRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/reset-password',
  validateSearch: texts('token', 'invited'),
  component: lazyRouteComponent(() => import('./ResetPasswordPage.tsx'), 'ResetPasswordPage'),
})

const setupRoute = createRoute({
  getParentRoute: () => entryRoute,
  path: '/setup',
  validateSearch: texts('token'),
  component: lazyRouteComponent(() => import('./SetupPage.tsx'), 'SetupPage'),
})

export const entryRoutes = [
  entryRoute.addChildren([
    signInRoute,
    signUpRoute,
    verifyRoute,
    verifyEmailRoute,
    forgotPasswordRoute,
    resetPasswordRoute,
    setupRoute,
  ]),
]
