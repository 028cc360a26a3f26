/** The HTTP door: every call that a contract gives a path, and the gateway's own pages. */
import type { Contract } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import type { Logger } from '#platform/log.ts'
import type { ProcessContext } from '#platform/service.ts'
import { callPage } from '#services/gateway/rest/call.ts'
import { handlerFor, type DoorContext, type Page } from '#services/gateway/http/exchange.ts'
import { identifier } from '#services/gateway/sessions/identify.ts'
import { ownPages, type Door } from './pages.ts'
import { doorError, problemAnswer } from '#services/gateway/http/problem.ts'
import { createRouter, listenerFor } from '#services/gateway/http/router.ts'
import { byPath, routesOf } from '#services/gateway/rest/routes.ts'
import { serveHttp, type HttpServer } from '#services/gateway/http/server.ts'

export interface DoorOptions {
  /** 0 takes a free one. */
  port: number
  host: string
  /** How long a stopping door lets requests finish. */
  stopGraceMs: number
  log: Logger
  process: ProcessContext
}

/** Rejects with one line when the address can't be had. */
export async function openDoor(contracts: readonly Contract[], options: DoorOptions): Promise<HttpServer> {
  const { log, process } = options
  await using stack = new AsyncDisposableStack()
  const context: DoorContext = { log, process }
  const identify = identifier(process)
  const router = createRouter()
  const calls = routesOf(contracts).map((route): Door => {
    const page = callPage(route, { answerer: process.answerer, identify })
    return { method: route.method, path: route.path, page, deadlineMs: route.definition.deadlineMs }
  })
  for (const [path, doors] of byPath([...ownPages(contracts, process, identify), ...calls])) {
    const handlers = handlersOf(path, doors, context)
    const other = handlerFor('*', path, methodNotAllowed([...handlers.keys()]), context)
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      (handlers.get(c.env.incoming.method ?? '') ?? other)(c),
    )
  }
  router.notFound(handlerFor('*', 'unmatched', notFound, context))

  const { port, url } = stack.use(await serveHttp(listenerFor(router), options))
  process.announce('web', url)
  process.announce('API reference', `${url}/api/docs`)
  const opened = stack.move()
  return { port, url, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** By method. */
function handlersOf(path: string, doors: readonly Door[], context: DoorContext) {
  const handlers = new Map<string, ReturnType<typeof handlerFor>>()
  for (const { method, page, ...pageOptions } of doors) {
    const options = { ...context, ...pageOptions }
    handlers.set(method, handlerFor(method, path, page, options))
    if (method === 'GET') handlers.set('HEAD', handlerFor('HEAD', path, page, options))
  }
  const allow = [...handlers.keys(), 'OPTIONS'].join(', ')
  const tellMethods: Page = async () => ({ status: 204, headers: { allow }, body: '' })
  return handlers.set('OPTIONS', handlerFor('OPTIONS', path, tellMethods, context))
}

/** RFC 9110 §15.5.6. */
function methodNotAllowed(methods: string[]): Page {
  const allow = methods.join(', ')
  return async (_, { trace: { traceId } }) => {
    const answer = problemAnswer(doorError('methodNotAllowed', `Only ${allow}.`), traceId)
    return { ...answer, headers: { ...answer.headers, allow } }
  }
}

const notFound: Page = async ({ env: { incoming } }) => {
  const { url = '' } = incoming
  if (!url.startsWith('/') && !URL.canParse(url)) throw standardError('invalid', 'This is no address.')
  throw standardError('notFound', 'Nothing is at this address.')
}
