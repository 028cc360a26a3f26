import { flag, integer, listeningHost, text } from '#platform/config.ts'
import { hostSettings } from '#platform/host/settings.ts'
import { tlsSettings } from '#platform/tls/settings.ts'
import type { mail } from '#contracts/mail.ts'
import type { CommandContext, Handlers, QueryContext, ServiceContext } from '#platform/service.ts'

const port = (description: string, usual: number) => integer(description, { default: usual, max: 65_535 })

export const settings = {
  DOMAIN: hostSettings.DOMAIN,
  PORT: hostSettings.PORT,
  PUBLIC_URL: hostSettings.PUBLIC_URL,
  NODE_ENV: hostSettings.NODE_ENV,
  DATA_DIR: hostSettings.DATA_DIR,
  STOP_GRACE_MS: hostSettings.STOP_GRACE_MS,
  TLS_CERT: tlsSettings.TLS_CERT,
  TLS_KEY: tlsSettings.TLS_KEY,
  MAIL_HOST: text('Address the mail doors listen on.', listeningHost),
  MAIL_NAME: text('How this server calls itself in SMTP: what its MX record and reverse DNS say.', {
    defaultText: 'mail.DOMAIN; localhost where DOMAIN is localhost',
  }),
  SMTP_PORT: port('Where other servers bring mail; 25 in production.', 2525),
  SUBMISSION_PORT: port('Where mail programs send, with STARTTLS; 587 in production.', 2587),
  SUBMISSIONS_PORT: port('Where mail programs send, TLS at once; 465 in production.', 2465),
  SMTP_RELAY: text('Smart host for outgoing mail: smtp://user:password@host:587 or smtps://…', {
    secret: true,
  }),
  DNS_SERVERS: text('Name servers to ask, comma-separated, such as 127.0.0.1:5353.', {
    defaultText: "this machine's",
  }),
  SMTP_PRIVATE_TARGETS: text(
    'Networks that mail may be delivered to although they are private, comma-separated.',
  ),
  MAIL_QUOTA_MB: integer('How much mail one account may keep.', { default: 15_360, min: 1 }),
  MAIL_MAX_MB: integer('Largest message that is taken.', { default: 35, min: 1, max: 1024 }),
  MAIL_HOURLY_RECIPIENTS: integer(
    'To how many recipients one account may send in an hour: a stolen password is worth little.',
    { default: 500, min: 1 },
  ),
  GREYLISTING: flag('Whether mail of unknown servers is put off for a minute at first.', { default: true }),
  CLAMAV: text(
    'Where ClamAV answers: unix:/path or host:port. Without it attachments are judged by their kind.',
  ),
}

type Settings = typeof settings
/** What the handlers of this service get, whichever call they answer. */
export type Context = ServiceContext<Settings>
export type Query = QueryContext<never, Settings>
export type Command = CommandContext<typeof mail, never, Settings>
export type Calls = Handlers<typeof mail, Settings>['calls']
export type Streams = Handlers<typeof mail, Settings>['streams']

/** Fails with `forbidden` where no account makes the call. */
export function callerOf(context: Pick<QueryContext, 'identity' | 'fail'>) {
  const { identity } = context
  return identity.kind === 'account' ? identity : context.fail('forbidden', 'Only an account has mail.')
}

export function serverName({ DOMAIN, MAIL_NAME }: Context['settings']): string {
  return MAIL_NAME ?? (DOMAIN === 'localhost' ? DOMAIN : `mail.${DOMAIN}`)
}

export function dnsServers({ DNS_SERVERS }: Context['settings']): string[] {
  return DNS_SERVERS === undefined ? [] : DNS_SERVERS.split(',').map((server) => server.trim())
}
