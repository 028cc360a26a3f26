/**
 * Failures that may cross a door. Everything a caller is meant to see is a `CallError`;
 * anything else is a bug and leaves as `internal` without detail.
 */

/** Codes every call can end with, declared or not, and the HTTP status each leaves with. */
export const standardErrors = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  idempotencyKeyInUse: 409,
  tooLarge: 413,
  unsupportedMediaType: 415,
  idempotencyKeyReused: 422,
  tooManyRequests: 429,
  cancelled: 499,
  internal: 500,
  unavailable: 503,
  overloaded: 503,
  deadlineExceeded: 504,
} as const

export type StandardErrorCode = keyof typeof standardErrors

/** One wrong field of an input. `path` is dotted, `''` for the whole input. */
export interface FieldError {
  path: string
  message: string
}

export interface CallErrorDetails {
  detail?: string | undefined
  fields?: FieldError[] | undefined
  /** When the caller may try again. */
  retryAfterSeconds?: number | undefined
}

export class CallError extends Error {
  readonly code: string
  /** HTTP status, RFC 9110 §15. */
  readonly status: number
  readonly fields: FieldError[] | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: string, status: number, details: CallErrorDetails = {}) {
    super(details.detail ?? code)
    this.name = 'CallError'
    this.code = code
    this.status = status
    this.fields = details.fields
    this.retryAfterSeconds = details.retryAfterSeconds
  }
}

export function standardError(
  code: StandardErrorCode,
  detail?: string,
  details?: CallErrorDetails,
): CallError {
  return new CallError(code, standardErrors[code], { ...details, detail })
}

/** What crosses the RPC door and stands in a problem document. */
export interface SerializedCallError {
  code: string
  status: number
  detail: string
  fields?: FieldError[] | undefined
  retryAfterSeconds?: number | undefined
}

export function serializeCallError(error: CallError): SerializedCallError {
  return {
    code: error.code,
    status: error.status,
    detail: error.message,
    ...(error.fields && { fields: error.fields }),
    ...(error.retryAfterSeconds !== undefined && { retryAfterSeconds: error.retryAfterSeconds }),
  }
}

export function deserializeCallError(error: SerializedCallError): CallError {
  return new CallError(error.code, error.status, error)
}
