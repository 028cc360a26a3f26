/** The page of a contract's call. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { CallDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import type { Identity } from '#platform/identity.ts'
import type { TraceContext } from '#platform/trace.ts'
import { jsonAnswer, taggedAnswer } from '#services/gateway/http/answer.ts'
import { hasBody, readJson } from '#services/gateway/http/body.ts'
import type { Exchange, Page } from '#services/gateway/http/exchange.ts'
import type { Identify } from '#services/gateway/sessions/identify.ts'
import { inputReader } from './input.ts'
import type { Route } from './routes.ts'

export function callPage(
  route: Route,
  { answerer, identify }: { answerer: Answerer; identify: Identify },
): Page {
  const { definition, status, method } = route
  const inputOf = inputReader(route)
  const takesBody = method !== 'GET'

  return async (c, exchange) => {
    const { incoming, outgoing } = c.env
    const { headers } = incoming
    const identity = identify(headers)
    const idempotencyKey = idempotencyKeyOf(headers, definition)
    const input = inputOf(c, takesBody && hasBody(incoming) ? await readJson(incoming) : undefined)
    const invocation = new RequestInvocation(outgoing, exchange, identity, idempotencyKey)
    const output = await answerer.call(definition, input, invocation)
    const answer = jsonAnswer(status, output)
    return definition.etag ? taggedAnswer(answer, headers['if-none-match']) : answer
  }
}

/** 1 to 255 visible ASCII characters. */
function idempotencyKeyOf(headers: IncomingHttpHeaders, definition: CallDefinition): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined || definition.kind === 'query') return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key
  throw standardError('invalid', 'Idempotency-Key is 1 to 255 visible ASCII characters.')
}

/** Its signal is made when somebody asks for it. */
class RequestInvocation implements Invocation {
  readonly identity: Identity
  readonly deadlineAt: number
  readonly parent: TraceContext
  readonly idempotencyKey: string | undefined
  readonly #outgoing: ServerResponse
  #signal: AbortSignal | undefined

  constructor(
    outgoing: ServerResponse,
    { deadlineAt, trace }: Exchange,
    identity: Identity,
    idempotencyKey: string | undefined,
  ) {
    this.identity = identity
    this.deadlineAt = deadlineAt
    this.parent = trace
    this.idempotencyKey = idempotencyKey
    this.#outgoing = outgoing
  }

  get signal(): AbortSignal {
    return (this.#signal ??= clientGone(this.#outgoing))
  }
}

/** Aborts when the connection closes before the answer is written. */
function clientGone(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController()
  const onClose = () => {
    if (!outgoing.writableFinished) controller.abort(standardError('cancelled'))
  }
  if (outgoing.destroyed) onClose()
  else outgoing.once('close', onClose)
  return controller.signal
}
