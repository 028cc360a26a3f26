/** Who is signed in, and how that begins and ends. */
import { useSuspenseQuery, type QueryClient } from '@tanstack/react-query'
import { redirect, type ParsedLocation } from '@tanstack/react-router'
import { CallError } from '#contracts/errors.ts'
import type { Account, AccountRole } from '#contracts/identity/account.ts'
import { identity } from '#contracts/identity.ts'
import { forgetKept, keptQueryOf } from './kept-answers.ts'

const me = keptQueryOf(identity.calls.showMe, {})

/** In the shell, where somebody is signed in. */
export function useAccount(): Account {
  return useSuspenseQuery({ ...me, staleTime: 60_000 }).data
}

const ranks: readonly AccountRole[] = ['customer', 'staff', 'admin', 'owner']

/** Has the role or a higher one. */
export function hasRole({ roles }: Pick<Account, 'roles'>, role: AccountRole): boolean {
  return roles.some((own) => ranks.indexOf(own) >= ranks.indexOf(role))
}

export function isVerified({ isEmailVerified, isPhoneVerified }: Account): boolean {
  return isEmailVerified || isPhoneVerified
}

/** For the routes of the shell: sends who is not signed in to do so, and back. */
export async function requireAccount(queries: QueryClient, location: ParsedLocation): Promise<Account> {
  try {
    return await queries.ensureQueryData({ ...me, revalidateIfStale: false })
  } catch (error) {
    if (!(error instanceof CallError) || error.code !== 'unauthenticated') throw error
    const to = location.href === '/' ? {} : { to: location.href }
    throw redirect({ to: '/sign-in', search: to })
  }
}

/** After an answer that started a session. */
export function takeAccount(queries: QueryClient, account: Account): void {
  queries.clear()
  void forgetKept()
  queries.setQueryData(me.queryKey, account)
}

/** After a change of the account. */
export function changeAccount(queries: QueryClient, account: Account): void {
  queries.setQueryData(me.queryKey, account)
}

/** Asks the server whether somebody is signed in still. */
export async function isStillSignedIn(queries: QueryClient): Promise<boolean> {
  try {
    await queries.fetchQuery({ ...me, staleTime: 0, retry: false })
    return true
  } catch (error) {
    return !(error instanceof CallError && error.code === 'unauthenticated')
  }
}

/** Where to go after signing in: a path of this app, never another site's address. */
export function safeReturnPath(path: string | undefined): string {
  if (path === undefined || !/^\/(?![/\\])/.test(path)) return '/'
  const url = new URL(path, location.origin)
  return url.origin === location.origin ? url.pathname + url.search + url.hash : '/'
}
