/** Leaves the signed-in pages, with everything that they knew. */
import type { QueryClient } from '@tanstack/react-query'
import type { AnyRouter } from '@tanstack/react-router'
import { forgetKept } from './kept-answers.ts'

/** `left`: the person signed out. `ended`: the server has ended the session. */
export type LeavingReason = 'left' | 'ended'

export function leaveSession(router: AnyRouter, queries: QueryClient, reason: LeavingReason): void {
  void forgetKept()
  const { href, pathname } = router.state.location
  if (isOutside(pathname)) return
  const search = reason === 'ended' ? { to: href, reason } : {}
  void router.navigate({ to: '/sign-in', search, replace: true }).then(() => queries.clear())
}

const outside = ['/sign-in', '/sign-up', '/forgot-password', '/reset-password', '/setup', '/verify-email']

function isOutside(pathname: string): boolean {
  return outside.includes(pathname)
}
