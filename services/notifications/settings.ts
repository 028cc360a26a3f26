import { choice, integer, text, type SettingValues } from '#platform/config.ts'
import { hostSettings } from '#platform/host/settings.ts'
import { pageUrl } from '#platform/public-url.ts'
import type { notifications } from '#contracts/notifications.ts'
import type { Handlers, ServiceContext } from '#platform/service.ts'

export const settings = {
  NODE_ENV: hostSettings.NODE_ENV,
  DOMAIN: hostSettings.DOMAIN,
  PORT: hostSettings.PORT,
  PUBLIC_URL: hostSettings.PUBLIC_URL,
  STOP_GRACE_MS: hostSettings.STOP_GRACE_MS,
  SMTP_URL: text(
    'Server that takes e-mail: smtp://user:password@host:587 or smtps://…:465; none keeps it in the outbox.',
    {
      defaultText: 'the mail service; with DOMAIN localhost none',
      secret: true,
    },
  ),
  SMTP_CONNECTIONS: integer('Most connections of one process to that server.', {
    default: 5,
    min: 1,
    max: 100,
  }),
  MAIL_FROM: text('Sender of e-mail.', { defaultText: 'Dakghar <no-reply@DOMAIN>' }),
  SMS_URL: text('Where an HTTP request sends an SMS; a Liquid template with to and text.', {
    defaultText: 'none: SMS is kept in the outbox',
    secret: true,
  }),
  SMS_METHOD: choice(['POST', 'GET', 'PUT'], 'Method of that request.', { default: 'POST' }),
  SMS_BODY: text('Its body, none with GET; a Liquid template with to and text.', {
    default: '{"to": {{ to | json }}, "text": {{ text | json }}}',
  }),
  SMS_HEADERS: text('Its headers, a JSON object such as {"authorization": "Bearer …"}.', {
    default: '{"content-type": "application/json"}',
    secret: true,
  }),
}

type Settings = typeof settings
export type Values = SettingValues<Settings>
/** What the handlers of this service get, whichever call they answer. */
export type Context = ServiceContext<Settings>
export type Calls = Handlers<typeof notifications, Settings>['calls']

export function isConfigured(channel: 'email' | 'sms', values: Values): boolean {
  if (channel === 'sms') return values.SMS_URL !== undefined
  return smtpUrl(values) !== undefined || sendsByMail(values)
}

export function smtpUrl({ SMTP_URL }: Values): string | undefined {
  return SMTP_URL === 'none' ? undefined : SMTP_URL
}

/** By the mail service, which reaches nobody from a laptop. */
export function sendsByMail({ SMTP_URL, DOMAIN }: Values): boolean {
  return SMTP_URL === undefined && DOMAIN !== 'localhost'
}

/** Where people choose what they are told. */
export function preferencesUrl(values: Values): string {
  return pageUrl(values, '/account/notifications')
}
