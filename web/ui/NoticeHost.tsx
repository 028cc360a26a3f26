import { lazy, Suspense } from 'react'
import { useWantsNotices } from './notices.ts'

const Notices = lazy(() => import('./Notices.tsx').then(({ Notices }) => ({ default: Notices })))

/** Where notices appear. */
export function NoticeHost() {
  if (!useWantsNotices()) return null
  return (
    <Suspense>
      <Notices />
    </Suspense>
  )
}
