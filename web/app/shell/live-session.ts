/** Keeps the live connection of who is signed in, and leaves at once when the server ends the session. */
import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { live, onSessionEnded } from '#web/app/live.ts'
import { leaveSession } from '#web/app/session-end.ts'
import { isStillSignedIn } from '#web/app/session.ts'

export function useLiveSession(): void {
  const queries = useQueryClient()
  const router = useRouter()
  useEffect(() => {
    live.open()
    // The same close tells of other roles: then the person stays, with them.
    const forget = onSessionEnded(() => {
      void isStillSignedIn(queries).then((isIn) =>
        isIn ? live.open() : leaveSession(router, queries, 'ended'),
      )
    })
    return () => {
      forget()
      live.pause()
    }
  }, [queries, router])
}
