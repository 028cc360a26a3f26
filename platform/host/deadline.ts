import { standardError } from '#contracts/errors.ts'

/** Between services, unless the caller states another. */
export const insideDeadlineMs = 5_000
/** For requests from outside, unless the contract states another. */
export const outsideDeadlineMs = 30_000

/**
 * Runs the work until it ends or its time is over. At the deadline the promise rejects with `deadlineExceeded`, when `cancel`
 * aborts with `cancelled`; the work's signal aborts with the same error, and the work is left to notice.
 */
export function withDeadline<T>(
  deadlineAt: number,
  cancel: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeLeftMs = deadlineAt - Date.now()
  if (timeLeftMs <= 0) return Promise.reject(standardError('deadlineExceeded'))
  if (cancel?.aborted) return Promise.reject(standardError('cancelled'))
  const controller = new AbortController()
  return new Promise<T>((resolve, reject) => {
    const stop = (code: 'deadlineExceeded' | 'cancelled') => {
      const error = standardError(code)
      controller.abort(error)
      reject(error)
    }
    const onCancel = () => stop('cancelled')
    const timer = setTimeout(stop, timeLeftMs, 'deadlineExceeded')
    cancel?.addEventListener('abort', onCancel, { once: true })
    work(controller.signal)
      .finally(() => {
        clearTimeout(timer)
        cancel?.removeEventListener('abort', onCancel)
      })
      .then(resolve, reject)
  })
}
