/** The HTTP door: every call that a contract gives a path, and the gateway's own pages. */
import type { Contract } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import { livePath } from '#contracts/live.ts'
import type { Logger } from '#platform/log.ts'
import type { ProcessContext } from '#platform/service.ts'
import { callPage, type CallTools } from '#services/gateway/rest/call.ts'
import { handlePage } from '#services/gateway/rest/handle.ts'
import {
  handlerFor,
  written,
  type DoorContext,
  type GatewayContext,
  type Page,
} from '#services/gateway/http/exchange.ts'
import { sessionCookies } from '#services/gateway/sessions/cookie.ts'
import { identifier } from '#services/gateway/sessions/identify.ts'
import { sessionCalls } from '#services/gateway/sessions/session-calls.ts'
import { sessionsFor } from '#services/gateway/sessions/sessions.ts'
import type { Protection } from '#services/gateway/protection/protection.ts'
import { Proxy } from '#services/gateway/proxy/proxy.ts'
import { ownPages, type Door } from './pages.ts'
import { doorError, problemAnswer } from '#services/gateway/http/problem.ts'
import { createRouter, listenerFor, type PlainHandler } from '#services/gateway/http/router.ts'
import { byPath, routesOf, streamRoutesOf } from '#services/gateway/rest/routes.ts'
import type { Secure } from '#services/gateway/tls/open.ts'
import { plainListener } from '#services/gateway/tls/plain.ts'
import { serveHttp, type HttpServer } from '#services/gateway/http/server.ts'
import { noUpgrades, upgradesTo } from '#services/gateway/http/upgrade.ts'
import { staticFiles } from '#services/gateway/files/static.ts'
import { openLiveDoor } from '#services/gateway/live/door.ts'
import { eventsPage, liveUpgrade, upgradeRequired } from '#services/gateway/live/pages.ts'
import { Streams } from '#services/gateway/live/streams.ts'

export interface DoorOptions {
  /** 0 takes a free one. */
  port: number
  host: string
  /** How long a stopping door lets requests finish. */
  stopGraceMs: number
  log: Logger
  process: ProcessContext
  protection: Protection
  stores: CallTools['stores']
  /** Folder of the built web app, if there is one. */
  webDirectory: string
  /** Undefined where it speaks HTTP only. */
  secure?: Secure | undefined
}

/** For a call that takes bytes, however slow the line. A body that stands still is cut sooner. */
const uploadDeadlineMs = 3_600_000

export interface Gate extends HttpServer {
  /** WebSockets. */
  openSockets(): number
  /** How requests and calls fare with each instance, by service. */
  traffic(): ReturnType<ProcessContext['traffic']>
}

/** Rejects with one line when the address can't be had. */
export async function openDoor(contracts: readonly Contract[], options: DoorOptions): Promise<Gate> {
  const { log, process, protection, stores, secure } = options
  await using stack = new AsyncDisposableStack()
  const context: DoorContext = { log, process, protection }
  const sessions = stack.use(sessionsFor(contracts, process.answerer, log))
  const cookies = sessionCookies(protection)
  const identify = identifier({ process, cookies, sessions })
  const router = createRouter()
  const tools = {
    answerer: process.answerer,
    identify,
    sessionCalls: sessionCalls(cookies, sessions),
    protection,
    stores,
  }
  const calls = routesOf(contracts).map((route): Door => {
    const page = callPage(route, tools)
    const { deadlineMs = route.definition.upload && uploadDeadlineMs } = route.definition
    return { method: route.method, path: route.path, page, deadlineMs }
  })
  calls.push({ method: 'POST', path: '/handle', page: handlePage(contracts, tools) })
  const streams = new Streams(contracts, { answerer: process.answerer, log })
  const live = openLiveDoor({ streams, log, stopGraceMs: options.stopGraceMs })
  const livePages = { live, streams, identify, cors: protection.cors }
  const liveDoors: Door[] = [
    { method: 'GET', path: livePath, page: upgradeRequired },
    ...streamRoutesOf(contracts).map((route) => ({ ...route, page: eventsPage(route, livePages) })),
  ]
  const app = await staticFiles(options.webDirectory)
  const paths = byPath([
    ...ownPages(contracts, process, identify, app),
    ...calls,
    ...liveDoors,
    ...(secure?.doors ?? []),
  ])
  const plain = new Map<string, PlainHandler>()
  for (const [path, doors] of paths) {
    const handlers = handlersOf(path, doors, context)
    const other = handlerFor('*', path, methodNotAllowed([...handlers.keys()]), context)
    const handle = (c: GatewayContext) => (handlers.get(c.env.incoming.method ?? '') ?? other)(c)
    router.all(path.replaceAll(/\{(\w+)\}/g, ':$1'), handle)
    if (!path.includes('{')) plain.set(path, handle)
  }
  const proxy = new Proxy({ ...context, process, identify, ownPaths: paths.map(([path]) => path) })
  const unmatched = handlerFor('*', 'unmatched', notFound, context)
  const appFiles = app && handlerFor('GET', 'web app', app, { ...context, isQuiet: true })
  const isRead = (c: GatewayContext) => /^(GET|HEAD)$/.test(c.env.incoming.method!)
  const other = (c: GatewayContext) => (appFiles && isRead(c) ? appFiles : unmatched)(c)
  router.notFound((c) => (proxy.take(c.req.path, c.env) ? written : other(c)))

  const upgradeLive = liveUpgrade(livePages)
  const upgrades = upgradesTo((path) => (path === livePath ? upgradeLive : proxy.upgradeOf(path)), options)
  const listener = listenerFor(router, plain, proxy.takeEarly)
  const { port, url } = stack.use(await serveHttp(listener, { ...options, ...secure, upgrades }))
  if (secure)
    stack.use(await serveHttp(plainListener(listener, port, context), { ...options, upgrades: noUpgrades }))
  // Sockets go first: the server closes when nothing is open any more.
  stack.use(live)
  stack.use(proxy)
  sessions?.onRevoked(live.endSessions)
  sessions?.onRevoked(proxy.endSessions)
  process.stopping.addEventListener('abort', () => void live.drain(), { once: true })
  process.announce('web', url)
  process.announce('API reference', `${url}/api/docs`)
  const opened = stack.move()
  const openSockets = () => live.sockets.size
  const traffic = () => ({ ...process.traffic(), ...proxy.traffic() })
  return { port, url, openSockets, traffic, [Symbol.asyncDispose]: () => opened.disposeAsync() }
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
  const tellMethods: Page = async (_, { incoming }) => {
    const preflight = context.protection.cors?.preflight(incoming.headers, allow)
    return { status: 204, headers: { ...preflight, allow }, body: '' }
  }
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
