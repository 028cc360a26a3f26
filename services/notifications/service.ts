/**
 * Renders and sends what people are told, and keeps what became of it: notifications, their history, and for a while
 * what they said, sealed. Other services ask for them; admins see the outbox; a role for each channel sends.
 */
import { pageOf } from '#platform/pages.ts'
import { z } from 'zod'
import { notifications } from '#contracts/notifications.ts'
import { defineService, subscription, type Role } from '#platform/service.ts'
import { followOutbox } from './outbox.ts'
import { privacySubscriptions, wipe } from './privacy.ts'
import { allTexts } from './rendering/catalogue.ts'
import { retryNotification, sendNotification } from './requests.ts'
import { openRendering } from './sealing.ts'
import { announceDue, startDispatch } from './sending/dispatch.ts'
import type { Provider } from './sending/provider.ts'
import { openMail } from './sending/mail.ts'
import { isConfigured, sendsByMail, settings, smtpUrl, type Context } from './settings.ts'
import { findNotification, historyOf, listNotifications } from './store/notifications.ts'
import { takeOn } from './store/work.ts'

export default defineService({
  contract: notifications,
  migrations: new URL('./migrations/', import.meta.url),
  settings,
  calls: {
    sendNotification,
    retryNotification,
    async listNotifications({ cursor, limit, ...filter }, context) {
      if (cursor !== undefined && !z.uuid().safeParse(cursor).success)
        context.fail('invalid', 'The cursor is not one that a page gave.')
      const rows = await listNotifications(context.db, filter, { limit: limit + 1, before: cursor })
      return pageOf(rows, limit, ({ id }) => id)
    },
    async showNotification({ id }, context) {
      const found = (await findNotification(context.db, id)) ?? context.fail('notFound')
      const rendering = openRendering(context.secrets, id, found.rendering)
      return { ...found, rendering, history: await historyOf(context.db, id) }
    },
    async listTemplates() {
      return {
        items: allTexts().map(({ template, channel, text }) => ({
          ...template,
          ...text,
          channel,
          version: 1,
          variables: [...template.variables],
          optionalVariables: [...template.optionalVariables],
        })),
      }
    },
    async showProviders(_input, { settings }) {
      return { email: isConfigured('email', settings), sms: isConfigured('sms', settings), push: false }
    },
  },
  streams: { outbox: followOutbox },
  roles: {
    api: {
      summary: 'answers the calls and streams, and wipes what is too old',
      subscriptions: privacySubscriptions,
      jobs: [{ name: 'wipeContents', everyMs: 600_000, run: wipe }],
    },
    email: sender('email', 'sends e-mail by SMTP', async (context) => {
      const { SMTP_CONNECTIONS: concurrency } = context.settings
      const url = smtpUrl(context.settings)
      if (sendsByMail(context.settings)) return { provider: openMail(context), concurrency }
      const provider =
        url === undefined ? undefined : (await import('./sending/smtp.ts')).openSmtp(url, context.settings)
      return { provider, concurrency }
    }),
    sms: sender('sms', 'sends SMS by an HTTP interface', async ({ settings }) => {
      const { SMS_URL: url } = settings
      const provider =
        url === undefined ? undefined : (await import('./sending/http-sms.ts')).openHttpSms(url, settings)
      return { provider, concurrency: 5 }
    }),
  },
})

/** The role of a channel: takes its notifications on as they come over the bus, and sends them as it can. */
function sender(
  channel: 'email' | 'sms',
  summary: string,
  open: (context: Context) => Promise<{ provider: Provider | undefined; concurrency: number }>,
): Role<typeof settings> {
  return {
    summary,
    subscriptions: [
      subscription<typeof notifications.events.queued, typeof settings>({
        name: `notifications.${channel}`,
        queue: `${channel}.queue`,
        event: notifications.events.queued,
        keys: [channel],
        batch: 100,
        async handle(deliveries, context) {
          const ids = deliveries.map(({ payload }) => payload.notificationId)
          await takeOn(context.tx, ids)
          context.afterCommit(() => announceDue(context.signals, channel))
        },
      }),
    ],
    start: async (context) => startDispatch({ channel, ...(await open(context)) }, context),
  }
}
