/** How often a caller may make a call: what its contract says, and what holds for the kind of caller. */
import type { CallDefinition, CallLimit } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Identity } from '#platform/identity.ts'
import type { KeyedLimit, Limit, Limits, Verdict } from '#platform/limits/limits.ts'
import type { ClientAddress } from './address.ts'

export interface LimitPolicies {
  anonymous: Limit | undefined
  signIn: Limit | undefined
  account: Limit | undefined
  serviceKey: Limit | undefined
}

/** A request as far as limits know it. */
export interface Limited {
  readonly client: ClientAddress
  /** What the limits said of it; its answer tells the caller. */
  verdict: Verdict | undefined
}

export interface CallLimiter {
  /** Whether the input tells whom to count. */
  readonly needsInput: boolean
  /** One use of everything that limits the call. Fails with `tooManyRequests`; waits only where Redis is asked. */
  take(request: Limited, identity: Identity, input: unknown): void | Promise<void>
}

/** `onRefusal` is told of every refused request. */
export function callLimiter(
  { limits: named }: Pick<CallDefinition, 'limits'>,
  {
    policies,
    limits,
    onRefusal,
  }: { policies: LimitPolicies; limits: Limits; onRefusal(request: Limited): void },
): CallLimiter {
  function settle(request: Limited, verdict: Verdict): void {
    request.verdict = verdict
    if (verdict.isAllowed) return
    onRefusal(request)
    const { uses, windowMs } = verdict.limit
    const retryAfterSeconds = Math.ceil(verdict.resetMs / 1000)
    throw standardError('tooManyRequests', `At most ${uses} in ${windowMs / 1000} s.`, { retryAfterSeconds })
  }
  return {
    needsInput: named.includes('signIn'),
    take(request, identity, input) {
      const limiting = limitsOf(named, policies, request.client, identity, input)
      if (limiting.length === 0) return undefined
      const verdict = limits.take(limiting)
      if (!(verdict instanceof Promise)) return settle(request, verdict)
      return verdict.then((known) => settle(request, known))
    },
  }
}

function limitsOf(
  named: readonly CallLimit[],
  { anonymous, signIn, account, serviceKey }: LimitPolicies,
  { group }: ClientAddress,
  identity: Identity,
  input: unknown,
): readonly KeyedLimit[] {
  const ofCaller = keyedFor(identity, account, serviceKey)
  if (named.length === 0) return ofCaller
  const limiting = [...ofCaller]
  if (anonymous && identity.kind === 'anonymous' && named.includes('anonymous'))
    limiting.push({ key: `rate_limit:${group}`, ...anonymous })
  const userid = signIn && named.includes('signIn') ? useridOf(input) : undefined
  if (signIn && userid !== undefined)
    limiting.push({ key: `rate_limit:sign_in:${group}:${userid}`, ...signIn })
  return limiting
}

function keyedFor(
  identity: Identity,
  account: Limit | undefined,
  serviceKey: Limit | undefined,
): readonly KeyedLimit[] {
  if (identity.kind === 'account' && account)
    return [{ key: `rate_limit:account:${identity.accountId}`, ...account }]
  if (identity.kind === 'service' && serviceKey)
    return [{ key: `rate_limit:key:${identity.name}`, ...serviceKey }]
  return none
}

const none: readonly KeyedLimit[] = []

/** Of an input that nobody has validated yet. */
function useridOf(input: unknown): string | undefined {
  const { userid } = (input ?? {}) as { userid?: unknown }
  return typeof userid === 'string' ? userid.trim().toLowerCase().slice(0, 320) : undefined
}

/**
 * What the caller is told, in the fields that clients read: draft-ietf-httpapi-ratelimit-headers-06 §5. Later drafts
 * put all of it into one structured field.
 */
export function tellLimit({ limit, remaining, resetMs }: Verdict, headers: Record<string, string>): void {
  headers['ratelimit-limit'] = String(limit.uses)
  headers['ratelimit-remaining'] = String(remaining)
  headers['ratelimit-reset'] = String(Math.ceil(resetMs / 1000))
  headers['ratelimit-policy'] = `${limit.uses};w=${limit.windowMs / 1000}`
}
