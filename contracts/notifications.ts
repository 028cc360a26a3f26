/** Tells people things: by e-mail and SMS now, by push later. */
import { z } from 'zod'
import { contract, command, event, page, pageInput, query, stream } from './contract.ts'
import { Language } from './identity/account.ts'
import { Topic } from './identity/profiles.ts'

export const Channel = z.enum(['email', 'sms', 'push'])
export type Channel = z.output<typeof Channel>

/**
 * `queued`, then `sending` for each attempt. `delivered`: the next server took it. `skipped`: the person does not want
 * it, or can't be reached this way. `kept`: no provider is configured, it can be read in the outbox. `failed`: given up.
 */
export const NotificationState = z.enum(['queued', 'sending', 'delivered', 'skipped', 'kept', 'failed'])

export const NotificationEvent = z.object({
  state: NotificationState,
  at: z.iso.datetime(),
  /** Why it was skipped, put off or failed; what the next server said. */
  detail: z.string().nullable(),
})

export const Notification = z.object({
  id: z.uuid(),
  /** Of the request that asked for it; one request may become one notification for each channel. */
  requestId: z.string(),
  /** Null: for an address of nobody's account. */
  accountId: z.uuid().nullable(),
  channel: Channel,
  topic: Topic,
  template: z.string(),
  /** The recipient's; `en` until an account's is looked up. */
  language: Language,
  /** The e-mail address or phone number; null until it is looked up. */
  recipient: z.string().nullable(),
  state: NotificationState,
  attempts: z.int(),
  createdAt: z.iso.datetime(),
  changedAt: z.iso.datetime(),
})

/** As it was, or would have been, sent. Kept for 90 days, that of a secret one until it is sent, at most for a day. */
export const Rendering = z.object({
  /** Of an e-mail. */
  subject: z.string().nullable(),
  text: z.string(),
  html: z.string().nullable(),
})

export const ShownNotification = Notification.extend({
  /** Null before it is rendered and after it was wiped. */
  rendering: Rendering.nullable(),
  history: z.array(NotificationEvent),
})

export const Template = z.object({
  code: z.string(),
  channel: Channel,
  language: Language,
  version: z.int(),
  topic: Topic,
  /** It holds a code or link: its rendering is kept no longer than needed, and it does not wait for quiet hours. */
  isSecret: z.boolean(),
  subject: z.string().nullable(),
  content: z.string(),
  /** Without them it is not sent. */
  variables: z.array(z.string()),
  optionalVariables: z.array(z.string()),
})

export const notifications = contract('notifications', {
  summary: 'Renders and sends what people are told, and keeps what became of it.',
  holdsPersonalData: true,
  calls: {
    sendNotification: command(
      {
        summary:
          'By the channels named, or all that the template has and the person wants. The same `requestId` again changes nothing.',
        http: 'POST /api/v1/notifications 202',
        access: 'service',
        input: z.object({
          requestId: z.string().min(1).max(200).optional(),
          template: z.string().max(100),
          to: z.union([
            z.object({ accountId: z.uuid() }),
            z.object({ email: z.email().max(254), language: Language.default('en') }),
            z.object({ phone: z.e164(), language: Language.default('en') }),
          ]),
          channels: z.array(Channel).min(1).optional(),
          variables: z
            .record(z.string().max(100), z.union([z.string().max(10_000), z.number(), z.boolean()]))
            .default({}),
        }),
        output: z.object({
          requestId: z.string(),
          notifications: z.array(z.object({ id: z.uuid(), channel: Channel })),
        }),
      },
      'unknownTemplate 422',
      'missingVariables 422',
    ),
    listNotifications: query({
      summary: 'The outbox: newest first.',
      http: 'GET /api/v1/notifications',
      access: 'admin',
      input: z.object({
        ...pageInput,
        channel: Channel.optional(),
        state: NotificationState.optional(),
        accountId: z.uuid().optional(),
        /** Part of the recipient or template. */
        search: z.string().trim().max(200).optional(),
      }),
      output: page(Notification),
    }),
    showNotification: query({
      summary: 'With its rendering and history.',
      http: 'GET /api/v1/notifications/{id}',
      access: 'admin',
      input: z.object({ id: z.uuid() }),
      output: ShownNotification,
    }),
    retryNotification: command(
      {
        summary: 'Sends one that failed or was kept, as long as what it is made of is there.',
        http: 'POST /api/v1/notifications/{id}/retry 202',
        access: 'admin',
        input: z.object({ id: z.uuid() }),
        output: Notification,
      },
      'notRetriable',
    ),
    listTemplates: query({
      http: 'GET /api/v1/templates',
      access: 'staff',
      input: z.object({}),
      output: z.object({ items: z.array(Template) }),
    }),
    showProviders: query({
      summary: 'Which providers are configured; without one, what would be sent is kept in the outbox.',
      http: 'GET /api/v1/providers',
      access: 'admin',
      input: z.object({}),
      output: z.object({ email: z.boolean(), sms: z.boolean(), push: z.boolean() }),
    }),
  },
  streams: {
    outbox: stream({
      summary: 'Notifications as they are made and change.',
      http: 'GET /api/v1/notifications/live',
      access: 'admin',
      isShared: true,
      input: z.object({}),
      output: Notification,
    }),
  },
  events: {
    /** Work for the role of its channel: queues `email.queue`, `sms.queue`, `push.queue` of seed 2. */
    queued: event(z.object({ notificationId: z.uuid(), channel: Channel }), {
      exchange: 'notifications.direct',
      exchangeType: 'direct',
      routingKey: ({ channel }) => channel,
      keyPattern: '*',
    }),
  },
})
