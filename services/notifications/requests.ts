/** What is asked for, and asked for again. */
import { v7 } from 'uuid'
import type { z } from 'zod'
import type { Channel, notifications } from '#contracts/notifications.ts'
import type { CommandContext } from '#platform/service.ts'
import { countOutcome } from './meters.ts'
import { announceChange } from './outbox.ts'
import { templates, type Template } from './rendering/catalogue.ts'
import { sealVariables, type Variables } from './sealing.ts'
import type { Calls } from './settings.ts'
import {
  insertNotification,
  insertRequest,
  notificationsOfRequest,
  requeue,
  type NewNotification,
} from './store/notifications.ts'

type To = z.output<typeof notifications.calls.sendNotification.input>['to']

export const sendNotification: Calls['sendNotification'] = async (input, context) => {
  const template =
    templates.get(input.template) ??
    context.fail('unknownTemplate', `There is no template ${input.template}.`)
  const missing = template.variables.filter((name) => input.variables[name] === undefined)
  if (missing.length > 0)
    context.fail('missingVariables', `${template.code} needs ${missing.join(', ')}.`, {
      fields: missing.map((name) => ({ path: `variables.${name}`, message: `${template.code} needs it` })),
    })
  const requestId = input.requestId ?? v7()
  if (!(await insertRequest(context.tx, requestId)))
    return { requestId, notifications: await notificationsOfRequest(context.tx, requestId) }
  const variables = Object.fromEntries(
    [...template.variables, ...template.optionalVariables].flatMap((name) => {
      const value = input.variables[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const rows = channelsOf(template, input.to, input.channels).map((channel) =>
    newNotification(template, channel, { to: input.to, variables, context }),
  )
  for (const row of rows) await insertNotification(context.tx, requestId, row)
  const waiting = rows.filter(({ state }) => state === 'queued')
  if (waiting.length > 0) await context.publish('queued', waiting.map(queued))
  context.afterCommit(() => {
    announceChange(context.signals)
    for (const { channel, state } of rows) if (state === 'skipped') countOutcome(channel, 'skipped')
  })
  return { requestId, notifications: rows.map(({ id, channel }) => ({ id, channel })) }
}

export const retryNotification: Calls['retryNotification'] = async ({ id }, context) => {
  const row =
    (await requeue(context.tx, id)) ??
    context.fail(
      'notRetriable',
      'Only one that failed or was kept, and was not wiped since, can be sent again.',
    )
  await context.publish('queued', queued(row))
  context.afterCommit(() => announceChange(context.signals))
  return row
}

/** Those named, else all by which the template goes to such an address. An SMS costs: without a name only security gets one. */
function channelsOf(template: Template, to: To, named: readonly Channel[] | undefined): Channel[] {
  if (named) return [...new Set(named)]
  return template.channels.filter((channel) => {
    if ('email' in to) return channel === 'email'
    if ('phone' in to) return channel === 'sms'
    return channel !== 'sms' || template.topic === 'security'
  })
}

interface Asked {
  to: To
  variables: Variables
  context: Pick<CommandContext, 'secrets'>
}

function newNotification(
  template: Template,
  channel: Channel,
  { to, variables, context }: Asked,
): NewNotification {
  const id = v7()
  const detail = whySkipped(template, channel, to)
  return {
    id,
    accountId: 'accountId' in to ? to.accountId : null,
    channel,
    topic: template.topic,
    template: template.code,
    language: 'language' in to ? to.language : 'en',
    isSecret: template.isSecret,
    recipient: 'email' in to ? to.email : 'phone' in to ? to.phone : null,
    variables: detail === null ? sealVariables(context.secrets, id, variables) : null,
    state: detail === null ? 'queued' : 'skipped',
    detail,
  }
}

function whySkipped(template: Template, channel: Channel, to: To): string | null {
  if (channel === 'push') return 'no device is registered'
  if (!template.channels.includes(channel)) return `the template has no text for ${channel}`
  if ('email' in to && channel !== 'email') return `an e-mail address can't be reached by ${channel}`
  if ('phone' in to && channel !== 'sms') return `a phone number can't be reached by ${channel}`
  return null
}

function queued({ id, channel }: { id: string; channel: Channel }) {
  return { notificationId: id, channel }
}
