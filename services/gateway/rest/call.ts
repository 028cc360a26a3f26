/** The page of a contract's call. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { CallDefinition } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Answerer, Invocation } from '#platform/calls.ts'
import { authorize } from '#platform/host/access.ts'
import type { Identity } from '#platform/identity.ts'
import type { ProcessContext, ServiceContext } from '#platform/service.ts'
import type { TraceContext } from '#platform/trace.ts'
import { downloadAnswer } from '#services/gateway/files/download.ts'
import { receiveUpload } from '#services/gateway/files/upload.ts'
import { jsonAnswer, taggedAnswer, type Answer } from '#services/gateway/http/answer.ts'
import { hasBody, readJson } from '#services/gateway/http/body.ts'
import type { Exchange, Page } from '#services/gateway/http/exchange.ts'
import type { Protection } from '#services/gateway/protection/protection.ts'
import type { Identify } from '#services/gateway/sessions/identify.ts'
import type { SessionCalls } from '#services/gateway/sessions/session-calls.ts'
import { inputReader } from './input.ts'
import type { Route } from './routes.ts'

export interface CallTools {
  answerer: Answerer
  identify: Identify
  sessionCalls: SessionCalls
  protection: Protection
  /** Where uploads go, and where downloads come from. */
  stores: Pick<ServiceContext, 'uploads'> & Pick<ProcessContext, 'blobsOf'>
}

/** A page that also takes a body that was already read. */
export type CallPage = (...args: [...Parameters<Page>, body?: unknown]) => Promise<Answer>

export function callPage(
  route: Route,
  { answerer, identify, sessionCalls, protection, stores }: CallTools,
): CallPage {
  const { definition, status, method } = route
  const inputOf = inputReader(route)
  const takesJson = method !== 'GET' && !definition.upload
  const limiter = protection.limiterOf(definition)

  /** Who may not make the call doesn't get to send its bytes. */
  async function upload(incoming: IncomingMessage, identity: Identity) {
    authorize(definition, identity)
    return { upload: await receiveUpload(incoming, definition, stores.uploads) }
  }

  return async (c, exchange, read) => {
    const { incoming, outgoing } = c.env
    const { headers } = incoming
    sessionCalls.before(definition, incoming)
    const found = identify(incoming, outgoing)
    const identity = found instanceof Promise ? await found : found
    const idempotencyKey = idempotencyKeyOf(headers, definition)
    const early = limiter.needsInput ? undefined : limiter.take(exchange, identity, undefined)
    if (early) await early
    const body = read ?? (takesJson && hasBody(incoming) ? await readJson(incoming) : undefined)
    const given = inputOf(c, definition.upload ? await upload(incoming, identity) : body)
    const input = sessionCalls.withDevice(definition, incoming, exchange.client.text, given)
    if (limiter.needsInput) await limiter.take(exchange, identity, input)
    const invocation = new RequestInvocation(outgoing, exchange, identity, idempotencyKey)
    const output = await answerer.call(definition, input, invocation)
    if (definition.download)
      return downloadAnswer(output, incoming, (isTemporary) =>
        isTemporary ? stores.uploads : stores.blobsOf(definition.service),
      )
    const answer = jsonAnswer(status, output)
    sessionCalls.after(definition, { incoming, outgoing, identity, output })
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
