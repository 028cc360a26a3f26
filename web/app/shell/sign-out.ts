import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { identity } from '#contracts/identity.ts'
import { useCommand } from '#web/app/queries.ts'
import { leaveSession } from '#web/app/session-end.ts'
import { useFailureNotice } from '#web/ui/notices.ts'

export function useSignOut(): () => void {
  const queries = useQueryClient()
  const router = useRouter()
  const notifyFailure = useFailureNotice()
  const signOut = useCommand(identity.calls.logout, { onDone: () => leaveSession(router, queries, 'left') })
  return () => signOut.mutate({}, { onError: notifyFailure })
}
