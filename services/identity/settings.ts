import { integer } from '#platform/config.ts'
import { hostSettings } from '#platform/host/settings.ts'
import type { identity } from '#contracts/identity.ts'
import type { CommandContext, Handlers, QueryContext, ServiceContext } from '#platform/service.ts'

export const settings = {
  DOMAIN: hostSettings.DOMAIN,
  NODE_ENV: hostSettings.NODE_ENV,
  PORT: hostSettings.PORT,
  PUBLIC_URL: hostSettings.PUBLIC_URL,
  SESSION_IDLE_DAYS: integer('Days after which a session that nobody used ends.', { default: 14, min: 1 }),
}

type Settings = typeof settings
/** What the handlers of this service get, whichever call they answer. */
export type Context = ServiceContext<Settings>
export type Query = QueryContext<never, Settings>
export type Command = CommandContext<typeof identity, never, Settings>
export type Calls = Handlers<typeof identity, Settings>['calls']
export type Streams = Handlers<typeof identity, Settings>['streams']

/** Fails with `forbidden` where no account makes the call. */
export function callerOf(context: Pick<QueryContext, 'identity' | 'fail'>) {
  const { identity } = context
  return identity.kind === 'account' ? identity : context.fail('forbidden', 'Only an account has this.')
}
