import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import type { Account } from '#contracts/identity/account.ts'
import { safeReturnPath, takeAccount } from '#web/app/session.ts'

/** Goes to where the person wanted to be, as the account that has just signed in. */
export function useSignedIn(): (account: Account, path?: string) => void {
  const queries = useQueryClient()
  const router = useRouter()
  return (account, path) => {
    takeAccount(queries, account)
    router.history.push(safeReturnPath(path))
  }
}
