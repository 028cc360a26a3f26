/** What identity tells people, through the notifications service. */
import { identity } from '#contracts/identity.ts'
import { subscription } from '#platform/service.ts'
import { pageUrl } from '#platform/public-url.ts'
import type { settings } from '#services/identity/settings.ts'
import { requestReset } from './password-reset.ts'
import { send, sendCode } from './sending.ts'

export const messageSubscriptions = [
  subscription<typeof identity.events.codeDue, typeof settings>({
    name: 'identity.sendCode',
    event: identity.events.codeDue,
    handle: async (deliveries, context) => {
      for (const { payload } of deliveries) await sendCode(context, payload.codeId)
    },
  }),
  subscription<typeof identity.events.passwordForgotten, typeof settings>({
    name: 'identity.findWhoForgot',
    event: identity.events.passwordForgotten,
    handle: async (deliveries, context) => {
      for (const { payload } of deliveries) await requestReset(context, payload.userid)
    },
  }),
  subscription<typeof identity.events.noticeDue, typeof settings>({
    name: 'identity.sendNotice',
    event: identity.events.noticeDue,
    handle: async (deliveries, context) => {
      for (const { payload } of deliveries) {
        const { requestId, accountId, template, variables } = payload
        const link = pageUrl(context.settings, pages[template] ?? '/account/security')
        await send(context, { requestId, template, to: { accountId }, variables: { link, ...variables } })
      }
    },
  }),
]

/** Where a notice leads, if not to the page about security. */
const pages: Record<string, string> = { account_exists: '/sign-in', export_ready: '/account/privacy' }
