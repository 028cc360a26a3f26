/** The whole program with the built web app, and a browser to visit it. */
import { randomBytes } from 'node:crypto'
import { TOTP } from 'otpauth'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { createClient, type Client } from '#contracts/client.ts'
import { createHttpCaller } from '#contracts/http-client.ts'
import { identity } from '#contracts/identity.ts'
import { logs } from '#contracts/logs.ts'
import { mail } from '#contracts/mail.ts'
import { notifications } from '#contracts/notifications.ts'
import { freePort } from '#platform/testing/server-process.ts'
import { testHost } from '#platform/testing/host.ts'
import { startNameServer, type NameServer } from '#services/mail/testing/name-server.ts'
import { services } from '../../services/all.ts'

export interface Installation extends AsyncDisposable {
  /** `http://localhost:…`: browsers allow passkeys there. */
  origin: string
  /** Of the owner's link. */
  setUpToken: string
  browser: Browser
  /** As a service, with all rights. */
  identity: Client<typeof identity>
  notifications: Client<typeof notifications>
  logs: Client<typeof logs>
  /** Where other servers bring mail. */
  smtpPort: number
  /** What the mail's doors ask about those servers. */
  names: NameServer
  /** The mail of somebody, with the token of their session. */
  mailOf(token: string): Client<typeof mail>
  /** A page whose failures fail the test: scripts that throw, and what the policy of the page refused. */
  visit(options?: BrowserContextOptions): Promise<Visit>
}

export interface Visit extends AsyncDisposable {
  page: Page
  problems: string[]
}

export async function openInstallation(more: Record<string, string> = {}): Promise<Installation> {
  await using stack = new AsyncDisposableStack()
  const names = stack.use(await startNameServer({}))
  const port = await freePort()
  const origin = `http://localhost:${port}`
  const serviceKey = randomBytes(32).toString('hex')
  const settings = {
    PORT: String(port),
    HOST: '127.0.0.1',
    PUBLIC_URL: origin,
    SERVICE_KEY: serviceKey,
    LIMIT_ANONYMOUS: 'none',
    LIMIT_SIGN_IN: 'none',
    LOG_LEVEL: 'fatal',
    MAIL_HOST: '127.0.0.1',
    SMTP_PORT: '0',
    SUBMISSION_PORT: '0',
    SUBMISSIONS_PORT: '0',
    DNS_SERVERS: names.address,
    GREYLISTING: 'false',
    ...more,
  }
  const host = stack.use(await testHost({ services, settings }))
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--host-resolver-rules=MAP localhost 127.0.0.1'],
  })
  stack.defer(() => browser.close())
  const link = host.announced.find(([, where]) => where.includes('/setup?token='))?.[1]
  const caller = createHttpCaller({ origin, headers: { 'x-api-key': serviceKey } })
  const smtp = host.announced.find(([what]) => what === 'SMTP')?.[1]
  const opened = stack.move()
  return {
    origin,
    smtpPort: Number(smtp?.split(':').at(-1)),
    names,
    mailOf: (token) =>
      createClient(mail, createHttpCaller({ origin, headers: { authorization: `Bearer ${token}` } })),
    setUpToken: new URL(link ?? 'none:').searchParams.get('token') ?? '',
    browser,
    identity: createClient(identity, caller),
    notifications: createClient(notifications, caller),
    logs: createClient(logs, caller),
    visit: (options) => visit(browser, { baseURL: origin, ...options }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function visit(browser: Browser, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ reducedMotion: 'reduce', serviceWorkers: 'block', ...options })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (/Content.Security|Trusted(HTML|Script)|violat/i.test(message.text())) problems.push(message.text())
  })
  return { page, problems, [Symbol.asyncDispose]: () => context.close() }
}

/** The six digits last sent to an address, from the outbox. */
export async function codeSentTo(installation: Installation, recipient: string): Promise<string> {
  for (;;) {
    const { items } = await installation.notifications.listNotifications({ search: recipient })
    for (const { id } of items) {
      const { rendering } = await installation.notifications.showNotification({ id })
      const code = /\b\d{6}\b/.exec(rendering?.text ?? '')
      if (code) return code[0]
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What an authenticator app shows now. */
export function totpOf(secret: string): string {
  return new TOTP({ secret: secret.replaceAll(' ', '') }).generate()
}
