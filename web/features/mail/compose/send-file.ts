/** Sends a file and says how far it is: `fetch` tells nothing of that. */
import { CallError, standardError } from '#contracts/errors.ts'
import { newIdempotencyKey, unreachable } from '#contracts/http-client.ts'
import type { Problem } from '#contracts/problem.ts'

export interface SendFileOptions {
  /** 0 to 1. */
  onShare?: (share: number) => void
  signal?: AbortSignal
}

/** The JSON of the answer; throws `CallError`s as calls do. */
export function sendFile(address: string, file: Blob, options: SendFileOptions = {}): Promise<unknown> {
  const { onShare, signal } = options
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', address)
    request.responseType = 'json'
    request.setRequestHeader('accept', 'application/json')
    request.setRequestHeader('content-type', file.type || 'application/octet-stream')
    request.setRequestHeader('idempotency-key', newIdempotencyKey())
    request.upload.addEventListener('progress', ({ loaded, total }) => onShare?.(total ? loaded / total : 0))
    request.addEventListener('load', () => {
      if (request.status >= 200 && request.status < 300) resolve(request.response)
      else reject(failureOf(request))
    })
    request.addEventListener('error', () => reject(new CallError(unreachable, 0)))
    request.addEventListener('abort', () => reject(standardError('cancelled')))
    signal?.addEventListener('abort', () => request.abort())
    if (signal?.aborted) reject(standardError('cancelled'))
    else request.send(file)
  })
}

function failureOf({ status, response }: XMLHttpRequest): CallError {
  const problem = response as Partial<Problem> | null
  if (typeof problem?.code !== 'string')
    return new CallError(status === 413 ? 'tooLarge' : 'internal', status)
  const { code, detail, title, errors } = problem
  return new CallError(code, status, { detail: detail ?? title, fields: errors })
}
