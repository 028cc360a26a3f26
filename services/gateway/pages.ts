/** What the gateway answers itself: probes, metrics, the start page and the reference. */
import { readFileSync } from 'node:fs'
import type { Contract } from '#contracts/contract.ts'
import { standardError } from '#contracts/errors.ts'
import { mail } from '#contracts/mail.ts'
import type { ProcessContext } from '#platform/service.ts'
import { jsonAnswer, taggedAnswer, type WholeAnswer } from '#services/gateway/http/answer.ts'
import { docsPage } from '#services/gateway/reference/docs-page.ts'
import type { GatewayContext, Page, PageOptions } from '#services/gateway/http/exchange.ts'
import type { Identify } from '#services/gateway/sessions/identify.ts'
import { mtaStsPage, mtaStsPath } from './mta-sts.ts'
import { openApiDocument } from '#services/gateway/reference/openapi.ts'
import { startPage } from '#services/gateway/reference/start-page.ts'

/** One method of one path. */
export interface Door extends PageOptions {
  method: string
  path: string
  page: Page
}

export function ownPages(
  contracts: readonly Contract[],
  process: ProcessContext,
  identify: Identify,
  app: Page | undefined,
): Door[] {
  const document = once(() => openApiDocument(contracts))
  const hasMail = contracts.some(({ name }) => name === mail.name)
  return [
    ...(hasMail ? [{ method: 'GET', path: mtaStsPath, page: mtaStsPage(process.answerer) }] : []),
    { method: 'GET', path: '/', page: app ?? fixed(() => htmlAnswer(startPage())) },
    {
      method: 'POST',
      path: '/',
      page: async () => jsonAnswer(200, { error: false, message: 'Hit the broker' }),
    },
    { method: 'GET', path: '/api/openapi.json', page: fixed(() => jsonAnswer(200, document())) },
    { method: 'GET', path: '/api/docs', page: fixed(() => htmlAnswer(docsPage(document(), contracts))) },
    { method: 'GET', path: '/api/docs.css', page: fixed(styleAnswer) },
    { method: 'GET', path: '/ping', page: opsPage('/ping', process), isQuiet: true },
    { method: 'GET', path: '/health', page: opsPage('/health', process), isQuiet: true },
    { method: 'GET', path: '/ready', page: opsPage('/ready', process), isQuiet: true },
    { method: 'GET', path: '/metrics', page: metricsPage(process, identify), isQuiet: true },
  ]
}

/** The same for everybody until the next start; made when somebody asks for it, which a start does not wait for. */
function fixed(make: () => WholeAnswer): Page {
  const answer = once(make)
  return async (c) => taggedAnswer(answer(), c.env.incoming.headers['if-none-match'])
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

function opsPage(path: string, process: ProcessContext): Page {
  return async () => {
    const answer = await process.ops(path)
    if (!answer) throw standardError('notFound')
    const headers = { 'content-type': answer.contentType, 'cache-control': 'no-store' }
    return { status: answer.status, headers, body: answer.body }
  }
}

/** Metrics tell what a business does; they are for this machine and for holders of a service key. */
function metricsPage(process: ProcessContext, identify: Identify): Page {
  const page = opsPage('/metrics', process)
  return async (c, exchange) => {
    const isAllowed = isLocal(c) || (await identify(c.env.incoming)).kind === 'service'
    if (!isAllowed) throw standardError('unauthenticated', 'Metrics need a service key from here.')
    return page(c, exchange)
  }
}

/** From this machine, and not passed on by a proxy that runs on it. */
function isLocal({ env: { incoming } }: GatewayContext): boolean {
  const { remoteAddress = '' } = incoming.socket
  const isForwarded = 'forwarded' in incoming.headers || 'x-forwarded-for' in incoming.headers
  return !isForwarded && /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress)
}

const contentSecurityPolicy =
  "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

function htmlAnswer(body: string): WholeAnswer {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    'referrer-policy': 'no-referrer',
  }
  return { status: 200, headers, body }
}

function styleAnswer(): WholeAnswer {
  const body = readFileSync(new URL('reference/style.css', import.meta.url), 'utf8')
  return { status: 200, headers: { 'content-type': 'text/css; charset=utf-8' }, body }
}
