/** Failures as `application/problem+json`, RFC 9457. */
import { CallError } from '#contracts/errors.ts'
import type { Problem } from '#contracts/problem.ts'
import type { WholeAnswer } from './answer.ts'

export function problemOf(error: CallError, traceId: string): Problem {
  const title = titleOf(error.code)
  const hasDetail = error.code !== 'internal' && error.message !== error.code
  return {
    type: `/api/docs#problem-${error.code}`,
    title,
    status: error.status,
    ...(hasDetail && { detail: error.message }),
    code: error.code,
    ...(error.fields && { errors: error.fields }),
    traceId,
  }
}

export function problemAnswer(error: CallError, traceId: string): WholeAnswer {
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  }
  if (error.status === 401) headers['www-authenticate'] = 'Bearer realm="dakghar"'
  if (error.status === 415) headers['accept'] = 'application/json'
  if (error.status === 503 || error.status === 429)
    headers['retry-after'] = String(error.retryAfterSeconds ?? defaultRetryAfterSeconds)
  else if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds)
  const body = JSON.stringify(problemOf(error, traceId))
  return { status: error.status, headers, body, error: error.code }
}

/** Codes of the door itself, beside the standard ones. */
export const doorErrors = {
  methodNotAllowed: 405,
  requestTimeout: 408,
  headersTooLarge: 431,
  badGateway: 502,
  tooSlow: 503,
} as const

export function doorError(code: keyof typeof doorErrors, detail: string): CallError {
  return new CallError(code, doorErrors[code], { detail })
}

/** Of a failure that states none. */
const defaultRetryAfterSeconds = 5

const titles: Record<string, string> = {
  invalid: 'The request is not valid',
  unauthenticated: 'Nobody is signed in',
  forbidden: 'Not allowed',
  notFound: 'Not found',
  methodNotAllowed: 'The path does not take this method',
  requestTimeout: 'The request took too long to arrive',
  tooSlow: 'What was sent was not taken in time',
  headersTooLarge: 'The headers are too large',
  conflict: 'The request conflicts with the present state',
  idempotencyKeyInUse: 'A request with this key is still running',
  tooLarge: 'The request is too large',
  unsupportedMediaType: 'The body is not JSON',
  idempotencyKeyReused: 'This key was used with another request',
  tooManyRequests: 'Too many requests',
  cancelled: 'The client gave up',
  badGateway: 'The service behind this address does not answer as it should',
  internal: 'Something went wrong on our side',
  unavailable: 'Not available at the moment',
  overloaded: 'Too busy at the moment',
  deadlineExceeded: 'It took too long',
}

/** One line for people; of a code that only a contract knows, its words: `outOfStock` is `Out of stock`. */
export function titleOf(code: string): string {
  const words = code.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return titles[code] ?? words.charAt(0).toUpperCase() + words.slice(1)
}
