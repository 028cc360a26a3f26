/** Asks for the password or a passkey where a call wants to know that the person is still there. */
import { lazy, Suspense, useEffect, useState } from 'react'
import { setConfirmationAsker } from '#web/app/confirmation.ts'

const ConfirmDialog = lazy(() =>
  import('./ConfirmDialog.tsx').then(({ ConfirmDialog }) => ({ default: ConfirmDialog })),
)

export function ConfirmationHost() {
  const [answer, setAnswer] = useState<{ give: (isConfirmed: boolean) => void }>()
  useEffect(() => {
    setConfirmationAsker(() => new Promise((resolve) => setAnswer({ give: resolve })))
    return () => setConfirmationAsker(async () => false)
  }, [])
  if (!answer) return null
  const close = (isConfirmed: boolean) => {
    answer.give(isConfirmed)
    setAnswer(undefined)
  }
  return (
    <Suspense>
      <ConfirmDialog onClose={close} />
    </Suspense>
  )
}
